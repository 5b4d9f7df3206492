from patients import app_config


class ClinicReportConfig(app_config.ProjectAppConfig):
    name = "measurements.clinic_report"
    verbose_name = "Clinic report"
    page_labels = {
        "clinic_report:page": "report of a clinic",
        "clinic_report:csv": "report of a clinic as CSV",
        "clinic_report:xlsx": "report of a clinic as XLSX",
    }
