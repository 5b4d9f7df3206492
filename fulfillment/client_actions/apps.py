"""App configuration of `fulfillment.client_actions`: its permissions in the admin and its display texts."""

from patients import app_config


class ClientActionsConfig(app_config.ProjectAppConfig):
    name = "fulfillment.client_actions"
    label = "client_actions"
    verbose_name = "Client actions"
    admin_permissions = {"clientaction": app_config.VIEW_ONLY}
    page_labels = {
        "orders:client_action": "client action required, being solved",
        "orders:device_client_action": "client action required, being solved without an order",
    }
    field_labels = {
        "reread_until": "device read again until",
        "duplicate_wanted_at": "both kept on purpose",
        "reorder_requested_at": "cancelled to be ordered again",
        "reordered_at": "ordered again",
        "next_check_at": "next look whether it is gone",
    }
