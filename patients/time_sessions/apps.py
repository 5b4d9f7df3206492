from patients import app_config


class TimeSessionsConfig(app_config.ProjectAppConfig):
    name = "patients.time_sessions"
    verbose_name = "Time"
    admin_permissions = {"timesession": app_config.VIEW_ONLY, "timeapproval": app_config.VIEW_ONLY}
    page_labels = {
        "time:timer": "patient, timer",
        "time:start": "patient, time started",
        "time:stop": "patient, time stopped",
        "time:undo": "patient, switch of the timer undone",
        "time:answer": "patient, call continues",
        "time:state_end": "patient, end of a call stated",
        "time:heartbeat": "timer, heartbeat",
        "time:automatic": "timer, automatic start chosen",
    }
    field_labels = {
        "approved_at": "approved",
        "entered_at": "entered",
        "last_activity_at": "last input",
        "last_seen_at": "last heartbeat",
        "started_at": "started",
    }

    def ready(self) -> None:
        from patients.time_sessions import signal_handlers  # noqa: F401  (connects by being imported)
