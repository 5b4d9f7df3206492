"""Special-order webhooks: upserted by request id; the newest `updated_on` wins in whatever order they arrive."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db.models import Q
from django.utils import timezone

from devices import tenovi
from devices.hardware_ids import normalise_hardware_uuid
from devices.inbox.payload_parsing import InvalidPayload, PayloadItem, parse_items, to_plain_json
from devices.inbox.processing import DeliveryOutcome
from devices.models import Delivery
from devices.models.delivery import DeliveryState
from devices.models.sync import SyncKind
from devices.sync import runs
from fulfillment.special_orders.manifests import store_stock_items
from fulfillment.special_orders.models import SpecialOrder
from fulfillment.status_webhooks import MAX_LINK_LENGTH, MAX_TEXT_LENGTH, split_into_deliveries, text_field
from patients.models import Patient
from patients.queueing.wakeup import wake_worker

EARLIEST_POSSIBLE_TIME = dt.datetime(2015, 1, 1, tzinfo=dt.UTC)
MAX_FUTURE_OFFSET = dt.timedelta(hours=24)
MAX_ORDER_TYPE_LENGTH = 32


def process_special_order_deliveries(deliveries: Sequence[Delivery]) -> list[DeliveryOutcome]:
    """One outcome per delivery. Runs in the transaction that completes the deliveries."""
    return [process_delivery(delivery) for delivery in deliveries]


def process_delivery(delivery: Delivery) -> DeliveryOutcome:
    try:
        items = parse_items(bytes(delivery.body))
        if len(items) != 1:
            return split_into_deliveries(delivery, items)
        return upsert_special_order(delivery, items[0])
    except InvalidPayload as reason:
        return DeliveryOutcome(DeliveryState.QUARANTINED, str(reason))


def upsert_special_order(delivery: Delivery, item: PayloadItem | InvalidPayload) -> DeliveryOutcome:
    if isinstance(item, InvalidPayload):
        raise item
    request_id = text_field(item.fields, "request_id")
    if not request_id:
        raise InvalidPayload("It has no request_id that can be read.")
    values = parse_special_order(item.fields) | {"received_at": delivery.received_at}
    order, changed = store_newest(request_id, values)
    if changed and order.order_type == SpecialOrder.Type.BULK:
        store_stock_items(order)
        if order.stock_items.exists():
            runs.open_run(SyncKind.BULK_ORDERS, by=None)  # the list says what is packed together
            wake_worker("bulk_orders")
    return DeliveryOutcome(flagged=item.repaired)


def store_newest(request_id: str, values: dict[str, Any]) -> tuple[SpecialOrder, bool]:
    """The stored order, and whether this report was newer than what was stored."""
    stored, created = SpecialOrder.objects.get_or_create(request_id=request_id, defaults=values)
    if created:
        return stored, True
    # One conditional UPDATE: of two workers the one with the older update changes nothing.
    older = Q(updated_on__isnull=True)
    if values["updated_on"] is not None:
        older |= Q(updated_on__lt=values["updated_on"])
    changed = SpecialOrder.objects.filter(older, pk=stored.pk).update(**values)
    stored.refresh_from_db()
    return stored, bool(changed)


def parse_special_order(fields: dict[str, Any]) -> dict[str, Any]:
    external_id, contents, manifest = text_field(fields, "patient_id"), fields.get("contents"), fields.get("manifest")
    return {
        "order_number": text_field(fields, "order_number") or "",
        "order_type": (text_field(fields, "order_type") or "")[:MAX_ORDER_TYPE_LENGTH],
        "status": (text_field(fields, "status") or "")[:MAX_TEXT_LENGTH],
        "patient": Patient.objects.by_external_id(external_id) if external_id else None,
        "client_device_id": text_field(fields, "client_device_id") or "",
        "hardware_uuid": normalise_hardware_uuid(text_field(fields, "hardware_uuid")),
        "tracking_link": text_field(fields, "tracking_link", MAX_LINK_LENGTH) or "",
        "contents": to_plain_json(contents) if isinstance(contents, list) else [],
        "manifest": to_plain_json(manifest) if isinstance(manifest, dict) else {},
        "created_on": parse_timestamp(fields, "created_on"),
        "updated_on": parse_timestamp(fields, "updated_on"),
    }


def parse_timestamp(fields: dict[str, Any], name: str) -> dt.datetime | None:
    text = text_field(fields, name)
    if text == "":
        return None
    try:
        timestamp = tenovi.parse_time(text or "")
    except ValueError:
        raise InvalidPayload(f"Its {name} is not a time that can be read.") from None
    if not EARLIEST_POSSIBLE_TIME <= timestamp <= timezone.now() + MAX_FUTURE_OFFSET:
        raise InvalidPayload(f"Its {name} is not a possible time.")
    return timestamp
