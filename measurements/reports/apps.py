from patients import app_config


class ReportsConfig(app_config.ProjectAppConfig):
    name = "measurements.reports"
    verbose_name = "Reports"
    page_labels = {
        "reports:record_text": "patient, text for the record",
        "reports:report": "patient, report",
        "reports:pdf": "patient, report as PDF",
    }
