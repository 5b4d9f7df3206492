from patients import app_config


class BillingAuditConfig(app_config.ProjectAppConfig):
    name = "measurements.billing_audit"
    verbose_name = "Billing audit"
    page_labels = {"billing_audit:page": "measures of a billing audit"}
