from patients import app_config


class AlertsConfig(app_config.ProjectAppConfig):
    name = "measurements.alerts"
    verbose_name = "Alerts"
    admin_permissions = dict.fromkeys(
        ("alertepisode", "alertstep", "alertrulechange", "measuringpause", "patientreview", "presetchange"),
        app_config.VIEW_ONLY,
    )
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
