"""The hardware under a device over time. The HWI id stays; a replaced gateway or IMEI changes what is under it."""

from __future__ import annotations

import datetime as dt
import logging

from django.db import transaction
from django.utils import timezone

from devices import tenovi
from devices.hardware_ids import normalise_hardware_uuid
from devices.models import Device, Gateway, HardwareChange
from patients.models import Patient
from patients.queueing.wakeup import nudge

logger = logging.getLogger(__name__)

SAME_CHANGE_WITHIN = dt.timedelta(days=7)  # noticed by webhook or by night; logged when the vendor's clerk does
TRY_AGAIN = dt.timedelta(minutes=15)
LONGEST_ID = 255


def noticed(device: Device, *, before: int | None) -> None:
    """In the transaction that records the new hardware; `before` is the key of the gateway that was under it.

    The vendor's log of a swap is read soon, for the time that it gives. A first gateway or an unlinking needs none.
    """
    old = Gateway.objects.values_list("hardware_uuid", flat=True).get(pk=before) if before else ""
    HardwareChange.objects.create(device=device, old=old, new=device.hardware_uuid, noticed_at=timezone.now())
    if old and device.hardware_uuid:
        ask(device)


def ask(device: Device) -> None:
    """The vendor's log of its hardware is read within seconds."""
    Device.objects.filter(pk=device.pk).update(swaps_due_at=timezone.now())
    nudge("devices.tasks.look_for_people")


def carry_out(client: tenovi.TenoviClient) -> int:
    """Read the vendor's log of every device that is due. Returns how many were read."""
    read = 0
    for device in Device.objects.swapped().order_by("swaps_due_at", "pk"):
        try:
            log = client.hardware_uuid_logs(device.hwi_id)
        except tenovi.Misconfigured as error:
            logger.error("reading logs of hardware has stopped, an operator must look: %s", error)
            break
        except tenovi.NotSent:
            break
        except (tenovi.Unclear, tenovi.Rejected):
            Device.objects.filter(pk=device.pk).update(swaps_due_at=timezone.now() + TRY_AGAIN)
            continue
        keep(device, log)
        read += 1
    return read


@transaction.atomic
def keep(device: Device, log: tenovi.Listing[tenovi.HardwareUuidLog]) -> None:
    """Each row of the log once. One that we noticed ourselves gets the vendor's time."""
    Device.objects.filter(pk=device.pk).update(swaps_due_at=None)
    for row in log.rows:
        _keep(device, row)
    Patient.objects.bump([device.patient_id] if device.patient_id else [])


def _keep(device: Device, row: tenovi.HardwareUuidLog) -> None:
    if row.object_id and row.object_id.lower() != str(device.hwi_id):
        return  # a filter that the vendor doesn't know is silently ignored
    old, new = (normalise_hardware_uuid(each)[:LONGEST_ID] for each in (row.old_hardware_uuid, row.new_hardware_uuid))
    if old == new or HardwareChange.objects.filter(log_id=row.id).exists():
        return
    ours = _noticed_about(device, old, new, row.created)
    if ours is None:
        HardwareChange.objects.create(device=device, old=old, new=new, log_id=row.id, logged_at=row.created)
    else:
        HardwareChange.objects.filter(pk=ours.pk).update(log_id=row.id, logged_at=row.created)


def _noticed_about(device: Device, old: str, new: str, at: dt.datetime | None) -> HardwareChange | None:
    same = HardwareChange.objects.filter(device=device, old=old, new=new, log_id__isnull=True)
    near = (at - SAME_CHANGE_WITHIN, at + SAME_CHANGE_WITHIN) if at else None
    return (same.filter(noticed_at__range=near) if near else same).order_by("noticed_at").first()
