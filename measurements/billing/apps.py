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
    field_labels = {
        "because": "reasons",
        "beside": "only beside the code",
        "is_covered": "covered",
    }

    def ready(self) -> None:
        from measurements.billing import monitoring  # noqa: F401  registers its checks
