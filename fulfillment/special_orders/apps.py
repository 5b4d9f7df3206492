from patients import app_config


class SpecialOrdersConfig(app_config.ProjectAppConfig):
    name = "fulfillment.special_orders"
    label = "special_orders"
    verbose_name = "Special orders"
    admin_permissions = {"specialorder": app_config.VIEW_ONLY}
    field_labels = {"created_on": "created", "request_id": "id at the vendor", "updated_on": "changed"}
