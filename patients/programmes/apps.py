from patients import app_config
from patients.app_config import VIEW_AND_EDIT, VIEW_ONLY


class ProgrammesConfig(app_config.ProjectAppConfig):
    name = "patients.programmes"
    verbose_name = "Programmes and billing facts"
    admin_permissions = {
        "programmeenrolment": VIEW_ONLY,
        "education": VIEW_ONLY,
        "payer": VIEW_AND_EDIT,
        "coverage": VIEW_ONLY,
        "priorauthorisation": VIEW_ONLY,
        "consentwording": VIEW_AND_EDIT,
        "consent": VIEW_ONLY,
        "monitoringorder": VIEW_ONLY,
        "qualifyingvisit": VIEW_ONLY,
        "practiceattestation": VIEW_ONLY,
        "accessalignment": VIEW_ONLY,
        "apcmperiod": VIEW_ONLY,
        "credential": VIEW_AND_EDIT,
        "employment": VIEW_AND_EDIT,
        "billingpractitioner": VIEW_AND_EDIT,
        "zonechange": VIEW_ONLY,
        "billingfactsversion": VIEW_ONLY,
    }
    page_labels = {
        "programmes:missing": "missing facts for billing",
        "programmes:page": "patient, programmes",
        "programmes:record": "patient, programmes, fact recorded",
        "programmes:end": "patient, programmes, fact ended",
        "programmes:withdraw": "patient, programmes, fact withdrawn",
    }
