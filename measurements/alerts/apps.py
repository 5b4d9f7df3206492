from patients import app_config


class AlertsConfig(app_config.ProjectAppConfig):
    name = "measurements.alerts"
    verbose_name = "Alerts"
