"""Who may read the body of a delivery: only people of the clinic whose patients it speaks of."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from devices.inbox.payload_parsing import Item, Unusable, items_of
from devices.models import Device

if TYPE_CHECKING:
    from devices.models import Delivery
    from patients.models import User

LONGEST_SHOWN = 20_000
# What no page may hold, NUL first of all; the bytes themselves stay as they came.
UNSEEN = dict.fromkeys(set(range(32)) - set(map(ord, "\t\n\r")), "\ufffd")
HARMLESS = ("metric", "device_name", "hwi_device_id", "status", "sensor_code", "request_id", "order_type", "timestamp")


def body_for(delivery: Delivery, *, user: User) -> str:
    """The text as it came when every device in it is held by somebody whom this person may see; else what is
    harmless: which device, which metric, which status."""
    body = bytes(delivery.body)
    if delivery.purged_at is not None:
        return "The body was purged. Its digest and outcome stay."
    try:
        items = [item for item in items_of(body) if isinstance(item, Item)]
    except Unusable as reason:
        return f"{reason} {len(body)} bytes, kept, not shown here."
    if items and all(_own(item, user) for item in items):
        return body.decode("utf-8-sig")[:LONGEST_SHOWN].translate(UNSEEN)
    return "\n".join(["Values are hidden: not all of this is about patients of your clinics.", *map(_harmless, items)])


def _own(item: Item, user: User) -> bool:
    named = item.fields.get("hwi_device_id") or item.fields.get("client_device_id")
    try:
        hwi_id = uuid.UUID(str(named))
    except ValueError:
        return False
    return Device.objects.visible_to(user).filter(hwi_id=hwi_id).exists()


def _harmless(item: Item) -> str:
    shown = {name: item.fields[name] for name in HARMLESS if isinstance(item.fields.get(name), str)}
    return ", ".join(f"{name}: {value[:80]}" for name, value in shown.items())[:500]
