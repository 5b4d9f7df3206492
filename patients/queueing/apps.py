from patients import app_config


class QueueingConfig(app_config.ProjectAppConfig):
    name = "patients.queueing"
    verbose_name = "Background work"
    admin_permissions = {"periodicjob": app_config.VIEW_ONLY}
    field_labels = {"succeeded_at": "last success"}
