"""Manual resolution of a call that the search could not resolve: adopt a device, send it again, or give it up.

The call's row is locked and read again first: of two people who decide at once, the second gets CannotResolve.
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
from devices.outbox.manual_lookup import LOOKUP_VALIDITY

if TYPE_CHECKING:
    from patients.models import User


class CannotResolve(Exception):
    """Why this choice can't be made (any more), for the person who made it."""


def adopt_device(*, call: VendorCall, hwi_id: uuid.UUID, by: User) -> Device:
    """It exists: this one. Ownership and patient are checked again under lock. Raises CannotResolve."""
    with transaction.atomic():
        held = lock_call_for_review(call)
        device = (
            Device.objects.select_for_update(of=("self",), no_key=True)
            .filter(hwi_id=hwi_id, patient=held.patient_id)
            .first()
        )
        if device is None or str(hwi_id) not in {each["hwi_id"] for each in held.lookup_results}:
            raise CannotResolve(
                "The vendor's list of this patient's devices doesn't hold that device. Please look it up again."
            )
        if owner := find_owning_calls(held, [device]).get(device.pk):
            raise CannotResolve(f"That device belongs to another request of ours, {owner.reference}.")
        resolve_call(held, state=CallState.CONFIRMED, device=device, by=by, reason="")
        Device.objects.filter(pk=device.pk).update(refresh_due_at=timezone.now())
    return device


def requeue_reviewed_call(*, call: VendorCall, by: User, typed_reference: str = "") -> None:
    """Send it again: it doesn't exist at the vendor. Only if a look-up has just proved it, or if the user has typed the
    reference (having asked the vendor, say). Raises CannotResolve."""
    with transaction.atomic():
        held = lock_call_for_review(call)
        if not is_proven_absent(held) and typed_reference.strip().upper() != held.reference:
            raise CannotResolve(
                "Nothing proves that it isn't at the vendor. Look it up again, or type the reference to insist."
            )
        sending.requeue_call(held, after=0)
        clear_lookup(held, by)


def abandon_call(*, call: VendorCall, by: User) -> None:
    """It is never sent again. Raises CannotResolve."""
    with transaction.atomic():
        resolve_call(lock_call_for_review(call), state=CallState.ABANDONED, by=by)


def is_proven_absent(call: VendorCall) -> bool:
    """The vendor's complete list, read just now, holds nothing that this call could have made or done."""
    fresh = call.lookup_at is not None and timezone.now() - call.lookup_at <= LOOKUP_VALIDITY
    return fresh and not call.lookup_problem and not any(each["fits"] for each in call.lookup_results)


def find_owning_calls(call: VendorCall, devices: Iterable[Device]) -> dict[int, VendorCall]:
    """By device: the other request of ours that made it, or whose reference is in its notes."""
    devices = list(devices)
    others = VendorCall.objects.filter(kind__in=CallKind.creating()).exclude(pk=call.pk)
    made = {other.device_id: other for other in others.filter(device__in=devices)}
    words = {word for device in devices for word in device.client_notes.split()}
    named = {other.reference: other for other in others.filter(reference__in=words)}
    found = {}
    for device in devices:
        by_note = next((named[word] for word in device.client_notes.split() if word in named), None)
        if owner := made.get(device.pk) or by_note:
            found[device.pk] = owner
    return found


def lock_call_for_review(call: VendorCall) -> VendorCall:
    held = VendorCall.objects.select_for_update(of=("self",), no_key=True).select_related("resolved_by").get(pk=call.pk)
    if held.state != CallState.NEEDS_REVIEW:
        by = f"{held.resolved_by.name} has decided" if held.resolved_by else "It was settled"
        raise CannotResolve(f"{by} in the meantime: {held.get_state_display().lower()}. Nothing was changed now.")
    return held


def resolve_call(held: VendorCall, *, by: User, **changes: object) -> None:
    held.release(resolved_at=timezone.now(), **changes)
    clear_lookup(held, by)


def clear_lookup(held: VendorCall, by: User) -> None:
    """Should a person be needed once more, they are shown nothing of today."""
    VendorCall.objects.filter(pk=held.pk).update(
        resolved_by=by, lookup_requested_at=None, lookup_at=None, lookup_problem="", lookup_results=[]
    )
