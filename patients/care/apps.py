from patients import app_config


class CareConfig(app_config.ProjectAppConfig):
    name = "patients.care"
    verbose_name = "Care teams"
    admin_permissions = {
        "careteammember": frozenset({"view", "reassign"}),
        "absence": app_config.VIEW_AND_EDIT,
        "note": app_config.VIEW_ONLY,
        "notetemplate": app_config.VIEW_AND_EDIT,
    }
    page_labels = {
        "care:notes": "patient, notes and contacts",
        "care:new_note": "patient, new note or contact",
        "care:note": "note or contact, versions",
        "care:correct_note": "note or contact, corrected",
        "care:complete_step": "note or contact, next step done",
        "care:next_steps": "next steps",
        "care:next_steps_live": "next steps, kept up to date",
        "care:team": "care teams",
        "care:assign": "care teams, responsible clinician chosen",
        "care:reassign": "care teams, patients given to another person",
        "care:absences": "absences",
        "care:edit_absence": "absences, one edited",
        "care:withdraw_absence": "absences, one withdrawn",
    }
    field_labels = {
        "due_on": "next step due",
        "ended_at": "ended",
        "ended_by": "ended by",
        "happened_at": "when it was",
        "started_at": "since",
        "step_done_at": "next step done",
        "written_at": "written",
        "withdrawn_at": "withdrawn",
    }
