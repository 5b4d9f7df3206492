"""Special-order webhooks: demo, bulk, supplies, replacement, return label. Unlike the others they tell when they
changed, so the newest update wins in whatever order they arrive."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db.models import Q
from django.utils import timezone

from devices import tenovi
from devices.hardware_ids import normalise_hardware_uuid
from devices.inbox.payload_parsing import Item, Unusable, items_of, plain
from devices.inbox.processing import Outcome
from devices.models import Delivery
from devices.models.delivery import DeliveryState
from fulfillment.models import SpecialOrder
from fulfillment.status_webhooks import LONGEST_LINK, LONGEST_WORD, set_items_apart, text_of
from patients.models import Patient

EARLIEST = dt.datetime(2015, 1, 1, tzinfo=dt.UTC)
LATEST_AHEAD = dt.timedelta(hours=24)
LONGEST_TYPE = 32


def take_in(deliveries: Sequence[Delivery]) -> list[Outcome]:
    """One outcome each. Runs in the transaction that settles the deliveries."""
    return [_take_in(delivery) for delivery in deliveries]


def _take_in(delivery: Delivery) -> Outcome:
    try:
        items = items_of(bytes(delivery.body))
        if len(items) != 1:
            return set_items_apart(delivery, items)
        return _keep(delivery, items[0])
    except Unusable as reason:
        return Outcome(DeliveryState.QUARANTINED, str(reason))


def _keep(delivery: Delivery, item: Item | Unusable) -> Outcome:
    if isinstance(item, Unusable):
        raise item
    said = item.fields
    request_id = text_of(said, "request_id")
    if not request_id or not request_id.strip():
        raise Unusable("It has no request_id that can be read.")
    facts = _facts(said) | {"received_at": delivery.received_at}
    known, created = SpecialOrder.objects.get_or_create(request_id=request_id.strip(), defaults=facts)
    if not created:
        _newer_than(known, facts["updated_on"]).update(**facts)
    return Outcome(flagged=item.repaired)


def _newer_than(known: SpecialOrder, updated_on: dt.datetime | None) -> Any:
    """One statement decides: two workers can't let the older update win."""
    rows = SpecialOrder.objects.filter(pk=known.pk)
    if updated_on is None:
        return rows.filter(updated_on__isnull=True)
    return rows.filter(Q(updated_on__isnull=True) | Q(updated_on__lt=updated_on))


def _facts(said: dict[str, Any]) -> dict[str, Any]:
    external_id = text_of(said, "patient_id")
    return {
        "order_number": text_of(said, "order_number") or "",
        "order_type": (text_of(said, "order_type") or "")[:LONGEST_TYPE],
        "status": (text_of(said, "status") or "")[:LONGEST_WORD],
        "patient": Patient.objects.known_as(external_id) if external_id else None,
        "client_device_id": text_of(said, "client_device_id") or "",
        "hardware_uuid": normalise_hardware_uuid(text_of(said, "hardware_uuid")),
        "tracking_link": text_of(said, "tracking_link", LONGEST_LINK) or "",
        "contents": _of_type(said.get("contents"), list),
        "manifest": _of_type(said.get("manifest"), dict),
        "created_on": _moment(said, "created_on"),
        "updated_on": _moment(said, "updated_on"),
    }


def _of_type(value: Any, kind: type) -> Any:
    return plain(value) if isinstance(value, kind) else kind()


def _moment(said: dict[str, Any], name: str) -> dt.datetime | None:
    text = text_of(said, name)
    if text == "":
        return None
    try:
        moment = tenovi.parse_time(text or "")
    except ValueError:
        raise Unusable(f"Its {name} is not a time that can be read.") from None
    if not EARLIEST <= moment <= timezone.now() + LATEST_AHEAD:
        raise Unusable(f"Its {name} is not a possible time.")
    return moment
