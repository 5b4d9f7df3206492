"""Redaction of delivery bodies: shown whole only to users of the clinics whose patients they are about."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from devices.inbox.payload_parsing import InvalidPayload, PayloadItem, parse_items
from devices.models import Device

if TYPE_CHECKING:
    from devices.models import Delivery
    from patients.models import User

MAX_SHOWN_CHARS = 20_000
# What no page may hold, NUL first of all; the bytes themselves stay as they came.
UNPRINTABLE_CHARS = dict.fromkeys(set(range(32)) - set(map(ord, "\t\n\r")), "\ufffd")
UNREDACTED_FIELDS = (
    "metric",
    "device_name",
    "hwi_device_id",
    "status",
    "sensor_code",
    "request_id",
    "order_type",
    "timestamp",
)


def redacted_body_for(delivery: Delivery, *, user: User) -> str:
    """The text as it came if the user may see the patients of all devices in it; else only fields that name no value:
    which device, which metric, which status."""
    body = bytes(delivery.body)
    if delivery.purged_at is not None:
        return "The body was purged. Its digest and outcome stay."
    try:
        items = [item for item in parse_items(body) if isinstance(item, PayloadItem)]
    except InvalidPayload as reason:
        return f"{reason} {len(body)} bytes, stored, not shown here."
    if items and all(is_about_visible_device(item, user) for item in items):
        return body.decode("utf-8-sig")[:MAX_SHOWN_CHARS].translate(UNPRINTABLE_CHARS)
    return "\n".join(
        ["Values are hidden: not all of this is about patients of your clinics.", *map(redact_item, items)]
    )


def is_about_visible_device(item: PayloadItem, user: User) -> bool:
    named = item.fields.get("hwi_device_id") or item.fields.get("client_device_id")
    try:
        hwi_id = uuid.UUID(str(named))
    except ValueError:
        return False
    return Device.objects.visible_to(user).filter(hwi_id=hwi_id).exists()


def redact_item(item: PayloadItem) -> str:
    shown = {name: item.fields[name] for name in UNREDACTED_FIELDS if isinstance(item.fields.get(name), str)}
    return ", ".join(f"{name}: {value[:80]}" for name, value in shown.items())[:500]
