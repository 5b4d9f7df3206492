from patients import app_config


class BillingConfig(app_config.ProjectAppConfig):
    name = "measurements.billing"
    verbose_name = "Billing"
