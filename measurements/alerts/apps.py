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
        **dict.fromkeys(("presetconfirmation", "backtestrun", "expectedreadings"), app_config.VIEW_ONLY),
        "notificationsettings": app_config.VIEW_AND_EDIT,
        "sharedtriagefilter": app_config.VIEW_ONLY,
    }
    page_labels = {
        "alert_messages:choices": "mails about alerts, own choices",
        "triage:list": "triage list",
        "triage:list_live": "triage list, kept up to date",
        "triage:hand_over": "hand-over to print",
        "triage:filters": "triage list, filters",
        "triage:share": "triage list, filters saved for the clinic",
        "triage:use_shared": "triage list, filters of the clinic used",
        "triage:remove_shared": "triage list, filters of the clinic removed",
        "triage:shortcuts": "triage list, keyboard shortcuts",
        "triage:episode": "alert",
        "triage:acknowledge": "alert, acknowledged",
        "triage:snooze": "alert, snoozed",
        "triage:assign": "alert, assigned",
        "triage:escalate": "alert, escalated",
        "triage:resolve": "alert, resolved",
        "triage:reopen": "alert, opened again",
        "triage:review": "patient, reviewed",
        "triage:undo_review": "patient, review taken back",
        "triage:note": "patient, note from the triage list",
        "alert_rules:patient": "patient, alert rules",
        "alert_rules:new_patient_rule": "patient, new alert rule",
        "alert_rules:patient_rule": "patient, alert rule",
        "alert_rules:patient_rule_preview": "patient, backtest of an alert rule",
        "alert_rules:save_patient_rule": "patient, alert rule saved",
        "alert_rules:expected": "patient, expected readings saved",
        "alert_rules:plan_pause": "patient, pause from measuring planned",
        "alert_rules:end_pause": "patient, pause from measuring ended",
        "alert_rules:preset": "patient, presets of alert rules",
        "alert_rules:preset_preview": "patient, presets of alert rules compared",
        "alert_rules:confirm_preset": "patient, presets of alert rules confirmed",
        "alert_rules:goal_preview": "patient, backtest of goals",
        "alert_rules:clinics": "alert rules of own clinics",
        "alert_rules:clinic": "alert rules of a clinic",
        "alert_rules:new_clinic_rule": "new alert rule of a clinic",
        "alert_rules:clinic_rule": "alert rule of a clinic",
        "alert_rules:save_clinic_rule": "alert rule of a clinic saved",
        "alert_rules:start_backtest": "backtest of a clinic started",
        "alert_rules:backtest_progress": "backtest of a clinic, progress",
        "alert_rules:cancel_backtest": "backtest of a clinic stopped",
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
        from measurements.alerts.rule_editing import goal_effects  # noqa: F401  registers its questions
