from patients import app_config


class AlertsConfig(app_config.ProjectAppConfig):
    name = "measurements.alerts"
    verbose_name = "Alerts"
    admin_permissions = {
        **dict.fromkeys(
            ("alertepisode", "alertstep", "alertrulechange", "measuringpause", "patientreview", "presetchange"),
            app_config.VIEW_ONLY,
        ),
        **dict.fromkeys(("alertnotification", "alertmessage", "alertmessageitem"), app_config.VIEW_ONLY),
        "notificationsettings": app_config.VIEW_AND_EDIT,
    }
    page_labels = {
        "alert_messages:choices": "mails about alerts, own choices",
        "triage:list": "triage list",
        "triage:list_live": "triage list, kept up to date",
        "triage:filters": "triage list, filters",
        "triage:shortcuts": "triage list, keyboard shortcuts",
        "triage:episode": "alert",
        "triage:acknowledge": "alert, acknowledged",
        "triage:snooze": "alert, snoozed",
        "triage:assign": "alert, assigned",
        "triage:escalate": "alert, escalated",
        "triage:resolve": "alert, resolved",
        "triage:reopen": "alert, opened again",
        "triage:episode_note": "alert, note",
        "triage:review": "patient, reviewed",
        "triage:undo_review": "patient, review taken back",
        "triage:note": "patient, note from the triage list",
    }
    target_labels = {"alert": "alert episode"}
    field_labels = {
        "detected_at": "known since",
        "first_known_at": "in sight since",
        "is_acknowledged": "acknowledged",
        "is_off": "switched off",
        "opened_at": "opened",
    }

    def ready(self) -> None:
        from measurements.alerts import discharges, monitoring  # noqa: F401  register their checks
