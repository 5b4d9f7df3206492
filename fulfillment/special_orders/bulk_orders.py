"""The vendor's list of bulk orders: which devices are packed with which gateway is in no webhook."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils import timezone

from devices import tenovi
from devices.models import SyncRun
from devices.models.sync import SyncKind
from devices.sync import runs
from devices.sync.reconciliation import unreadable_difference
from fulfillment.special_orders.manifests import store_stock_items
from fulfillment.special_orders.models import SpecialOrder
from fulfillment.special_orders.processing import store_newest
from patients.models import User
from patients.queueing.wakeup import wake_worker

STATUS_WORDS = {  # the list sends codes, webhooks the words
    "DR": "Draft",
    "RQ": "Requested",
    "PE": "Pending",
    "CR": "Client Action Required",
    "OH": "On Hold",
    "RS": "Ready to Ship",
    "SH": "Shipped",
    "DE": "Delivered",
    "RE": "Returned",
    "CA": "Cancelled",
}


def read_bulk_orders(client: tenovi.TenoviClient) -> SyncRun:
    run = runs.open_run(SyncKind.BULK_ORDERS, by=None)[0]
    listing = client.list_bulk_orders()
    with transaction.atomic():
        for row in listing.rows:
            order, _ = store_newest(str(row.id), order_values(row))
            # Also of one that a newer webhook has stored: none says what is packed with a gateway.
            order.manifest = row.manifest
            store_stock_items(order)
        problems = [unreadable_difference(row) for row in listing.unreadable_rows]
        runs.close_run(run, found=len(listing.rows), differences=problems)
    return run


def order_values(row: tenovi.BulkOrder) -> dict[str, Any]:
    code = (row.shipping_status or "").strip()
    return {
        "order_number": row.order_number or "",
        "order_type": SpecialOrder.Type.BULK,
        "status": STATUS_WORDS.get(code.upper(), code),
        "tracking_link": row.shipping_tracking_link or "",
        "contents": row.contents if isinstance(row.contents, list) else [],
        "manifest": row.manifest if isinstance(row.manifest, list | dict) else [],
        "requested_by": row.requested_by or "",
        "ship_to": row.shipping_name or "",
        "created_on": row.created,
        "updated_on": row.modified,
        "received_at": timezone.now(),
    }


def request_reading(*, by: User | None) -> None:
    """Of the list, by the worker, after the current transaction."""
    runs.open_run(SyncKind.BULK_ORDERS, by=by)
    wake_worker("bulk_orders")
