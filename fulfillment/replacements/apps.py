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
    field_labels = {
        "delivered_at": "delivered",
        "fetched_at": "read from the vendor",
        "old_hardware_uuid": "gateway ID or IMEI before",
        "requested_at": "requested",
        "shipped_at": "shipped",
        "submission_id": "form",
        "vendor_id": "at the vendor",
    }
