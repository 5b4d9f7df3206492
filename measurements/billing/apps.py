from patients import app_config


class BillingConfig(app_config.ProjectAppConfig):
    name = "measurements.billing"
    verbose_name = "Billing"
    admin_permissions = {
        **dict.fromkeys(("coderulerow", "payerrule", "confirmedyear"), app_config.VIEW_AND_EDIT),
        "billingsettings": frozenset({"view", "add"}),
        **dict.fromkeys(
            ("billingrulechange", "billingline", "billingstate", "lineapproval", "linestep"), app_config.VIEW_ONLY
        ),
    }
    page_labels = {
        "billing:card": "patient, billing",
        "billing:month": "billing lines of a month",
        "billing:file": "billing lines of a month, as a file",
        "billing:xlsx": "billing lines of a month, as XLSX",
        "billing:approve": "billing lines, approved",
        "billing:approval": "approval of a billing line",
        "billing:step": "approval of a billing line, step recorded",
        "billing:confirm": "approval of a billing line, confirmed",
        "time_pages:month": "patient, time of a month",
        "time_pages:new": "patient, time typed in",
        "time_pages:approve": "patient, time of a month approved",
        "time_pages:correct": "patient, time corrected",
        "time_pages:withdraw": "patient, time withdrawn",
        "billing:evidence_pdf": "approval of a billing line, evidence as PDF",
        "billing:evidence_json": "approval of a billing line, evidence as JSON",
        "billing:draft_pdf": "billing line, draft of its evidence as PDF",
        "billing:draft_json": "billing line, draft of its evidence as JSON",
        "billing:month_evidence_pdf": "evidence of a month as PDF",
        "billing:month_evidence_json": "evidence of a month as JSON",
    }
    field_labels = {
        "because": "reasons",
        "beside": "only beside the code",
        "is_covered": "covered",
    }

    def ready(self) -> None:
        from measurements.billing import monitoring  # noqa: F401  registers its checks
