from patients import app_config
from patients.app_config import VIEW_ONLY


class AdherenceConfig(app_config.ProjectAppConfig):
    name = "measurements.adherence"
    verbose_name = "Adherence"
    admin_permissions = {"doseschedule": VIEW_ONLY}
    page_labels = {
        "adherence:page": "patient, pillbox and caps",
        "adherence:dose_times": "patient, dose times of a pillbox or cap",
    }
    field_labels = {"starts_on": "first day", "times": "times of the day"}
