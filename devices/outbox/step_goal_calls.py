"""Calls that set the step goal of a watch: a property of the device at the vendor, which the watch takes over later.

Setting a goal twice has the effect of once, so an unclear answer is followed by a second sending: of the newest goal,
and after the settle time, so that an earlier one that is applied late is overwritten.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction

from devices import step_goals, tenovi
from devices.models import Device, VendorCall
from devices.models.vendor_call import CallKind, CallState
from devices.outbox import newest_only

if TYPE_CHECKING:
    from patients.models import User


def request_step_goal(device: Device, *, steps: int, by: User) -> VendorCall:
    """The goal replaces one that waits; whatever that waited for, this one waits for."""
    said = {"hwi_id": str(device.hwi_id), "steps": steps}
    with transaction.atomic():
        newest_only.lock_device(device.pk)
        waiting = VendorCall.objects.filter(device=device, kind=CallKind.SET_STEP_GOAL, state=CallState.QUEUED)
        if waiting.update(payload=said, requested_by=by):
            return waiting.get()
        return VendorCall.objects.create(
            kind=CallKind.SET_STEP_GOAL, patient_id=device.patient_id, device=device, requested_by=by, payload=said
        )


def send_step_goal(client: tenovi.TenoviClient, call: VendorCall) -> tenovi.DeviceProperty:
    said = call.payload
    return client.set_device_property(said["hwi_id"], step_goals.STEP_GOAL_KEY, str(said["steps"]))
