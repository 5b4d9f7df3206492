"""What a person decides about a call that nobody could settle: it is this device; send it again; give it up.

The call's row is locked and read again first: of two people who decide at once one wins, and the other is told.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from devices.models import Device, VendorCall
from devices.models.vendor_call import CallKind, CallState
from devices.outbox import sending
from devices.outbox.manual_lookup import FRESH_FOR

if TYPE_CHECKING:
    from patients.models import User

MAKING = (CallKind.ORDER, CallKind.ACTIVATE)


class CantDecide(Exception):
    """Why this choice can't be made (any more), for the person who made it."""


def adopt(*, call: VendorCall, hwi_id: uuid.UUID, by: User) -> Device:
    """It exists: this one. Ownership and patient are checked again under lock. Raises CantDecide."""
    with transaction.atomic():
        held = _held(call)
        device = (
            Device.objects.select_for_update(of=("self",), no_key=True)
            .filter(hwi_id=hwi_id, patient=held.patient_id)
            .first()
        )
        if device is None or str(hwi_id) not in {each["hwi_id"] for each in held.listed}:
            raise CantDecide("The vendor's list of this patient's devices doesn't hold that device. Please look again.")
        if owner := owners(held, [device]).get(device.pk):
            raise CantDecide(f"That device belongs to another request of ours, {owner.reference}.")
        _settle(held, state=CallState.CONFIRMED, device=device, by=by, reason="")
        Device.objects.filter(pk=device.pk).update(reread_at=timezone.now())
    return device


def send_again(*, call: VendorCall, by: User, typed: str = "") -> None:
    """It doesn't exist. Only when a look has just proved it, or the reference is `typed` by somebody who knows
    (having asked the vendor, say). Raises CantDecide."""
    with transaction.atomic():
        held = _held(call)
        if not proved_absent(held) and typed.strip().upper() != held.reference:
            raise CantDecide("Nothing proves that it isn't at the vendor. Look again, or type the reference to insist.")
        sending.back_to_intent(held, after=0)
        _forget_look(held, by)


def give_up(*, call: VendorCall, by: User) -> None:
    """It is never sent again. Raises CantDecide."""
    with transaction.atomic():
        _settle(_held(call), state=CallState.GIVEN_UP, by=by)


def proved_absent(call: VendorCall) -> bool:
    """The vendor's complete list, read just now, holds nothing that this call could have made or done."""
    fresh = call.looked_at is not None and timezone.now() - call.looked_at <= FRESH_FOR
    return fresh and not call.look_problem and not any(each["fits"] for each in call.listed)


def owners(call: VendorCall, devices: Iterable[Device]) -> dict[int, VendorCall]:
    """By device: the other request of ours that made it, or whose reference stands in its notes."""
    devices = list(devices)
    others = VendorCall.objects.filter(kind__in=MAKING).exclude(pk=call.pk)
    made = {other.device_id: other for other in others.filter(device__in=devices)}
    words = {word for device in devices for word in device.client_notes.split()}
    named = {other.reference: other for other in others.filter(reference__in=words)}
    found = {}
    for device in devices:
        by_note = next((named[word] for word in device.client_notes.split() if word in named), None)
        if owner := made.get(device.pk) or by_note:
            found[device.pk] = owner
    return found


def _held(call: VendorCall) -> VendorCall:
    held = VendorCall.objects.select_for_update(of=("self",), no_key=True).select_related("decided_by").get(pk=call.pk)
    if held.state != CallState.NEEDS_HUMAN:
        by = f"{held.decided_by.name} has decided" if held.decided_by else "It was settled"
        raise CantDecide(f"{by} in the meantime: {held.get_state_display().lower()}. Nothing was changed now.")
    return held


def _settle(held: VendorCall, *, by: User, **changes: object) -> None:
    sending.move(held, settled_at=timezone.now(), **changes)
    _forget_look(held, by)


def _forget_look(held: VendorCall, by: User) -> None:
    """Should a person be needed once more, they are shown nothing of today."""
    VendorCall.objects.filter(pk=held.pk).update(
        decided_by=by, look_asked_at=None, looked_at=None, look_problem="", listed=[]
    )
