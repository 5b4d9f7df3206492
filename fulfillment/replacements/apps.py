from patients import app_config


class ReplacementsConfig(app_config.ProjectAppConfig):
    name = "fulfillment.replacements"
    label = "replacements"
    verbose_name = "Replacements"
    admin_permissions = {"replacement": app_config.VIEW_ONLY}
    page_labels = {
        "replacements:new": "new replacement",
        "replacements:cancel": "replacement, cancelled",
    }
    target_labels = {"replacement": "replacement"}
    field_labels = {"old_hardware_uuid": "gateway ID or IMEI before", "vendor_id": "id at the vendor"}
