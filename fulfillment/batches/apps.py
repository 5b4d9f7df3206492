from patients import app_config


class BatchesConfig(app_config.ProjectAppConfig):
    name = "fulfillment.batches"
    label = "batches"
    verbose_name = "Batches of orders"
    admin_permissions = dict.fromkeys(("orderbatch", "batchitem"), app_config.VIEW_ONLY)
    page_labels = {
        "orders:batch_new": "new batch of orders",
        "orders:batch": "batch of orders",
        "orders:batch_live": "batch of orders, kept up to date",
        "orders:batch_stop": "batch of orders, stopped",
    }
    target_labels = {"batch": "batch of orders"}
    field_labels = {"placed_at": "placed", "stopped_at": "stopped"}
