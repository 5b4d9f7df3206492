from patients import app_config


class CareConfig(app_config.ProjectAppConfig):
    name = "patients.care"
    verbose_name = "Care teams"
    admin_permissions = {
        "careteammember": frozenset({"view", "reassign"}),
        "absence": app_config.VIEW_AND_EDIT,
    }
    page_labels = {
        "care:team": "care teams",
        "care:assign": "care teams, responsible clinician chosen",
        "care:reassign": "care teams, patients given to another person",
        "care:absences": "absences",
        "care:withdraw_absence": "absences, one withdrawn",
    }
    field_labels = {
        "ended_at": "ended",
        "ended_by": "ended by",
        "started_at": "since",
        "withdrawn_at": "withdrawn",
    }
