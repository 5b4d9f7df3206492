"""Redaction of delivery bodies: shown whole only to users of the clinics whose patients they are about."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from devices.inbox.named_ids import find_named_ids, holders_by_device
from devices.inbox.payload_parsing import InvalidPayload, PayloadItem, parse_items
from devices.tenovi.vocabulary import UNSAFE_CHARACTERS
from patients.models import Patient
from patients.models.patient import can_see_patients
from patients.wording import count_noun

if TYPE_CHECKING:
    from devices.models import Delivery
    from patients.models import User

MAX_SHOWN_CHARS = 20_000
HIDDEN_MESSAGE = "Values are hidden: not all of this is about patients of your clinics."
# What no page may hold besides unsafe characters; the bytes themselves stay as they came.
CONTROL_CHARACTERS = dict.fromkeys(set(range(32)) - set(map(ord, "\t\n\r")), "\ufffd")
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
    """The text as it came if all of it is surely about patients of the user's clinics; else only fields that name no
    value: which device, which metric, which status."""
    body = bytes(delivery.body)
    if delivery.purged_at is not None:
        return "The body was purged. Its digest and outcome stay."
    try:
        items = parse_items(body)
    except InvalidPayload as reason:
        return f"{reason} {count_noun(len(body), 'byte')}, stored, not shown here."
    if is_surely_visible(items, user):
        text = body.decode("utf-8-sig")[:MAX_SHOWN_CHARS].translate(CONTROL_CHARACTERS)
        return UNSAFE_CHARACTERS.sub("\ufffd", text)
    return "\n".join([HIDDEN_MESSAGE, *map(redact_item, items)])


def is_surely_visible(items: Sequence[PayloadItem | InvalidPayload], user: User) -> bool:
    """Whether every item is readable and about the user's own patients alone.

    Each names a device, no device in it was ever held by a patient of another clinic, and each patient that it names
    is one of the own clinics. An unreadable item may be about anybody.
    """
    if not items or not can_see_patients(user):
        return False
    named = [find_named_ids(item.fields) for item in items if isinstance(item, PayloadItem)]
    if len(named) < len(items) or any(ids.unreadable or not ids.hwi_ids for ids in named):
        return False
    clinics = set(user.clinics.values_list("pk", flat=True))
    holders = holders_by_device(hwi_id for ids in named for hwi_id in ids.mentioned)
    if any(holder.clinic_id not in clinics for held in holders.values() for holder in held):
        return False
    own_names = {name for held in holders.values() for holder in held for name in holder.names}
    return all(ids.hwi_ids <= holders.keys() for ids in named) and all(
        is_own_patient(name, user) for name in frozenset().union(*(ids.patient_names for ids in named)) - own_names
    )


def is_own_patient(vendor_id: str, user: User) -> bool:
    patient = Patient.objects.by_external_id(vendor_id)
    return patient is not None and Patient.objects.visible_to(user).filter(pk=patient.pk).exists()


def redact_item(item: PayloadItem | InvalidPayload) -> str:
    if isinstance(item, InvalidPayload):
        return str(item)
    shown = {name: item.fields[name] for name in UNREDACTED_FIELDS if isinstance(item.fields.get(name), str)}
    return ", ".join(f"{name}: {value[:80]}" for name, value in shown.items())[:500]
