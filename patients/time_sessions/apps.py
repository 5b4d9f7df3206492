from patients import app_config


class TimeSessionsConfig(app_config.ProjectAppConfig):
    name = "patients.time_sessions"
    verbose_name = "Time"
    admin_permissions = {"timesession": app_config.VIEW_ONLY, "timeapproval": app_config.VIEW_ONLY}
    field_labels = {
        "approved_at": "approved",
        "entered_at": "entered",
        "last_activity_at": "last input",
        "last_seen_at": "last heartbeat",
        "started_at": "started",
    }
