from patients import app_config


class ActivityConfig(app_config.ProjectAppConfig):
    name = "measurements.activity"
    verbose_name = "Activity"
    page_labels = {"activity:page": "patient, watch"}
