"""Calls that replace hardware under an HWI device: request, answer, and what an unclear one has left at the vendor."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from devices import tenovi
from devices.hardware_ids import fold_device_name
from devices.models import Device, VendorCall
from devices.models.vendor_call import CallKind, CallState
from devices.outbox.requests import struct_to_json

if TYPE_CHECKING:
    from patients.models import User

GATEWAY_NAME = "Gateway"  # of a gateway among the vendor's device types, in replacements only


def request_replacement(*, device: Device, names: Sequence[str], ship_to: tenovi.ShipTo | None, by: User) -> VendorCall:
    """New hardware for the device; `names`: its own type, `GATEWAY_NAME`, or both. `ship_to` None: from our stock."""
    said = {
        "hwi_id": str(device.hwi_id),
        "names": list(names),
        "ship_to": struct_to_json(ship_to) if ship_to else None,
    }
    return VendorCall.objects.create(
        kind=CallKind.REPLACE, patient_id=device.patient_id, device=device, requested_by=by, payload=said
    )


def request_cancellation(call: VendorCall, *, by: User) -> VendorCall:
    """Of the replacement that `call` made."""
    said = {"replacement_id": call.answer["id"]}
    return VendorCall.objects.create(
        kind=CallKind.CANCEL_REPLACEMENT, patient=call.patient, device=call.device, requested_by=by, payload=said
    )


def send_replacement(client: tenovi.TenoviClient, call: VendorCall) -> tenovi.HwiReplacement:
    said = call.payload
    ship_to = msgspec.convert(said["ship_to"], tenovi.ShipTo) if said["ship_to"] else None
    return client.create_replacement(said["hwi_id"], names=said["names"], ship_to=ship_to)


def store_answer(call: VendorCall, answer: Any) -> None:
    """In the transaction that confirms the call; a cancellation has no answer."""
    if isinstance(answer, tenovi.HwiReplacement):
        VendorCall.objects.filter(pk=call.pk).update(answer=struct_to_json(answer))


def match_replacements(
    call: VendorCall, rows: Iterable[tenovi.HwiReplacement], *, created_since: dt.datetime
) -> list[tenovi.HwiReplacement]:
    """Rows that this call may have made: of its device and of the same items, created since, of no other call."""
    said = call.payload
    wanted = Counter(fold_device_name(name) for name in said["names"])
    others = VendorCall.objects.filter(kind=CallKind.REPLACE, state=CallState.CONFIRMED, device=call.device)
    owned = set(others.exclude(pk=call.pk).values_list("answer__id", flat=True))
    return [
        row
        for row in rows
        if (row.hwi_device_id or "").lower() == said["hwi_id"]
        and Counter(fold_device_name(item.name) for item in row.device_types or ()) == wanted
        and row.created is not None
        and row.created >= created_since
        and str(row.id) not in owned
    ]
