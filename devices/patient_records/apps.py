"""App configuration of `devices.patient_records`: its permissions in the admin and its display texts."""

from patients import app_config


class PatientRecordsConfig(app_config.ProjectAppConfig):
    name = "devices.patient_records"
    label = "patient_records"
    verbose_name = "Patients' records at the vendor"
    admin_permissions = {"patientrecord": app_config.VIEW_ONLY}
    field_labels = {
        "address_override": "address that a person has confirmed",
        "address_verified_by": "address verified by",
        "answered_at": "last answer of the vendor",
        "override_at": "confirmed",
        "override_by": "confirmed by",
        "reread_due_at": "to be read again",
    }

    def ready(self) -> None:
        from devices.patient_records import records  # noqa: F401  (needs the models; registers by being imported)
