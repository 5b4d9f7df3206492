"""App configuration of `fulfillment`: its permissions in the admin and its display texts."""

from patients import app_config
from patients.app_config import VIEW_AND_EDIT, VIEW_ONLY


class FulfillmentConfig(app_config.ProjectAppConfig):
    name = "fulfillment"
    verbose_name = "Orders and kits"
    # No record can be deleted in the admin, except the contents of a kit: they are only a template.
    admin_permissions = {
        "kit": VIEW_AND_EDIT,
        "kititem": VIEW_AND_EDIT | {"delete"},
        "order": VIEW_ONLY,
        "orderline": VIEW_ONLY,
        "orderevent": VIEW_ONLY,
        "ordernote": VIEW_ONLY,
    }
    page_labels = {
        "orders:list": "list of orders",
        "orders:list_live": "list of orders, kept up to date",
        "orders:file": "file of orders",
        "orders:new": "new order",
        "orders:page": "order",
        "orders:live": "order, kept up to date",
        "orders:new_exception_note": "exception, new note or contact",
        "orders:new_note": "order, new note or contact",
        "orders:parcel": "parcel of the clinic",
        "orders:end_for_patient": "end of monitoring",
        "orders:end_for_patient_live": "end of monitoring, kept up to date",
        "orders:end_for_device": "end of monitoring with one device",
        "orders:end_for_device_live": "end of monitoring with one device, kept up to date",
        "orders:call": "call to resolve",
        "orders:call_live": "call to resolve, kept up to date",
        "orders:resolve_call": "call to resolve, resolved",
        "orders:check_address": "address at the vendor",
        "orders:address_live": "address, kept up to date",
        "orders:cancel": "ordered device, cancelled",
        "orders:close": "ordered device, closed",
        "orders:correct": "ordered device, corrected",
    }
    target_labels = {
        "line": "ordered device",
    }
    field_labels = {
        "closed_at": "closed",
        "delivery_id": "delivery",
        "notify_emails": "whom the vendor mails",
        "nth": "number",
        "override_reason": "why another one may be open",
        "placed_at": "placed",
        "require_signature": "signature required",
        "ship_city": "city",
        "ship_name": "shipped to",
        "ship_state": "state",
        "ship_street": "street",
        "ship_zip_code": "ZIP code",
        "shipped_by_clinic": "shipped by the clinic",
        "status_at": "since",
    }

    def ready(self) -> None:
        from fulfillment.ordering import unshipped_orders  # noqa: F401  registers its notice of edits
