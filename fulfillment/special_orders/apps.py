from patients import app_config


class SpecialOrdersConfig(app_config.ProjectAppConfig):
    name = "fulfillment.special_orders"
    label = "special_orders"
    verbose_name = "Special orders"
    admin_permissions = {
        "specialorder": frozenset({"view", "assign"}),
        "stockitem": app_config.VIEW_ONLY,
        "stockcorrection": app_config.VIEW_ONLY,
    }
    field_labels = {
        "created_on": "created",
        "removed_at": "taken out",
        "request_id": "id at the vendor",
        "updated_on": "changed",
    }
    page_labels = {
        "special_orders:list": "list of special orders",
        "special_orders:page": "special order",
        "special_orders:read": "bulk orders, read on request",
        "special_orders:stock": "stock",
        "special_orders:scan": "stock, scanned",
        "special_orders:add": "item of stock, added",
        "special_orders:stock_item": "item of stock",
        "special_orders:correct": "item of stock, corrected",
    }
    target_labels = {"stock": "item of stock"}
