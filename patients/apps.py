from django.apps import AppConfig


class PatientsConfig(AppConfig):
    name = "patients"
    verbose_name = "People, patients and audit"

    def ready(self) -> None:
        from patients.accounts import signal_handlers  # noqa: F401  (needs the models; connects by being imported)
