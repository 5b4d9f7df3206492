from patients import app_config


class ImportsConfig(app_config.ProjectAppConfig):
    name = "patients.imports"
    label = "imports"
    verbose_name = "Imports of patients"
    admin_permissions = {"patientimport": app_config.VIEW_ONLY, "importrow": app_config.VIEW_ONLY}
    page_labels = {
        "imports:list": "imports of patients",
        "imports:sample": "imports of patients, sample file",
        "imports:page": "import of patients",
        "imports:page_live": "import of patients, live",
        "imports:columns": "import of patients, columns",
        "imports:start": "import of patients, start",
        "imports:another_person": "import of patients, decision about a row",
        "imports:resume": "import of patients, continue",
        "imports:discard": "import of patients, discard",
        "imports:undo": "import of patients, undo",
        "imports:result": "import of patients, result file",
        "imports:file": "import of patients, uploaded file",
    }
    target_labels = {"import": "import", "file": "file"}
    field_labels = {
        "dry_run": "checking only",
        "patient_import": "import",
        "run": "number of runs",
    }
