"""App configuration of `measurements`: its permissions in the admin and its display texts."""

from patients import app_config
from patients.app_config import VIEW_ONLY


class MeasurementsConfig(app_config.ProjectAppConfig):
    name = "measurements"
    verbose_name = "Readings and goals"
    admin_permissions = {
        "metric": VIEW_ONLY,
        "measurement": VIEW_ONLY,
        "threshold": VIEW_ONLY,
        "thresholdchange": VIEW_ONLY,
        "dryweight": VIEW_ONLY,
        "exclusionevent": VIEW_ONLY,
        "triageentry": VIEW_ONLY,
    }
    page_labels = {
        "patients:list": "list of patients",
        "patients:list_live": "list of patients, kept up to date",
        "patients:list_preferences": "filters of the list of patients",
        "patients:page": "patient",
        "patients:live": "patient, kept up to date",
        "patients:date_range": "patient, free dates",
        "patients:day_readings": "patient, readings behind a band",
        "patients:print": "patient, print view",
        "patients:record_print": "patient, printed from the browser",
        "patients:preview": "preview in the list of patients",
        "patients:readings_csv": "patient, readings as a file",
        "patients:thresholds": "patient, goals",
        "patients:save_thresholds": "patient, goals saved",
        "patients:save_dry_weight": "patient, dry weight saved",
        "patients:reading": "reading",
        "patients:new_reading_note": "reading, new note or contact",
        "patients:exclude": "reading, excluded",
        "patients:undo_exclusion": "reading, counted again",
        "patients:units": "units",
        "admin:measurements_clinic_thresholds": "administration, goals of a clinic",
    }
    target_labels = {
        "reading": "reading",
    }
    field_labels = {
        "beyond_meter": "beyond the meter",
        "determined_on": "day of the dry weight",
        "excluded_at": "excluded",
        "excluded_reason": "why excluded",
        "filter_params": "said by the device",
        "highest_1": "highest plausible first value",
        "highest_2": "highest plausible second value",
        "label_1": "name of the first value",
        "label_2": "name of the second value",
        "lowest_1": "lowest plausible first value",
        "lowest_2": "lowest plausible second value",
        "raw_metric": "kind, in the vendor's word",
        "clock_reset": "stamped over a year before it arrived",
        "identity_at": "stamp in whole seconds",
        "stamped_at": "stamp of a device clock that is ahead",
        "taken_at": "taken",
        "time_source": "time comes from",
        "value_1": "first value, as it came",
        "value_2": "second value, as it came",
    }

    def ready(self) -> None:
        from measurements import worklist_sources  # noqa: F401  registers its kinds of exceptions
