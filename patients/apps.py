"""App configuration of `patients`: its permissions in the admin and its display texts."""

from patients import app_config
from patients.app_config import VIEW_AND_EDIT, VIEW_ONLY


class PatientsConfig(app_config.ProjectAppConfig):
    name = "patients"
    verbose_name = "People, patients and audit"
    admin_permissions = {
        "clinic": frozenset({"view", "change"}),
        "clinichours": VIEW_AND_EDIT | {"delete"},
        "clinicclosedday": VIEW_AND_EDIT | {"delete"},
        "clinicchange": VIEW_ONLY,
        "user": VIEW_AND_EDIT,
        "monitoringperiod": VIEW_ONLY,
        "patient": VIEW_ONLY,
        "practitioner": VIEW_AND_EDIT,
        "auditevent": VIEW_ONLY,
    }
    page_labels = {
        "home": "the first page",
        "account_accept_invitation": "accepting an invitation",
        "account_change_password": "change of the password",
        "account_login": "sign-in",
        "account_logout": "sign-out",
        "account_reauthenticate": "confirming by the password",
        "account_reset_password": "forgotten password",
        "account_reset_password_from_key": "link of a forgotten password",
        "mfa_activate_totp": "setting up an app",
        "mfa_add_webauthn": "adding a passkey",
        "mfa_authenticate": "two-step sign-in, second step",
        "mfa_deactivate_totp": "removing the app",
        "mfa_download_recovery_codes": "recovery codes as a file",
        "mfa_edit_webauthn": "renaming a passkey",
        "mfa_generate_recovery_codes": "new recovery codes",
        "mfa_index": "two-step sign-in of one's own account",
        "mfa_reauthenticate": "confirming by the second step",
        "mfa_reauthenticate_webauthn": "confirming by a passkey",
        "mfa_remove_webauthn": "removing a passkey",
        "mfa_view_recovery_codes": "recovery codes",
        "enrollment:new": "new patient",
        "enrollment:address_hint": "new patient, address",
        "enrollment:edit": "patient, edit",
        "enrollment:discharge": "patient, discharge",
        "enrollment:readmit": "patient, back under care",
        "admin:index": "administration",
        "admin:app_list": "administration, part of the first page",
        "admin:patients_auditevent_search": "administration, search of the audit",
    }
    target_labels = {
        "audit": "audit",
    }
    field_labels = {
        "at": "when",
        "created_at": "created",
        "discharged_at": "discharged",
        "enrolled_at": "enrolled",
        "last_login": "last signed in",
    }

    def ready(self) -> None:
        from patients.accounts import signal_handlers  # noqa: F401  (needs the models; connects by being imported)
