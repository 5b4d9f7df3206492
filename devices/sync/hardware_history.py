"""Hardware history: changes of the gateway or IMEI under a device, detected here and read from the vendor's log."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils import timezone

from devices import tenovi
from devices.hardware_ids import normalise_hardware_uuid
from devices.models import Device, Gateway, HardwareChange
from devices.vendor_reads import drain_vendor_reads
from patients.models import Patient
from patients.queueing.wakeup import wake_worker

SAME_CHANGE_WINDOW = dt.timedelta(days=7)  # detected by webhook or at night; logged by hand at the vendor
RETRY_DELAY = dt.timedelta(minutes=15)
MAX_ID_LENGTH = 255


def record_hardware_change(device: Device, *, before: int | None) -> None:
    """In the transaction that records the new hardware; `before` is the key of the gateway that was under it.

    The vendor's log of a swap is read soon, for the time that it gives. A first gateway or an unlinking needs none.
    """
    old = Gateway.objects.values_list("hardware_uuid", flat=True).get(pk=before) if before else ""
    HardwareChange.objects.create(
        device=device, old_hardware_uuid=old, new_hardware_uuid=device.hardware_uuid, detected_at=timezone.now()
    )
    if old and device.hardware_uuid:
        request_hardware_log(device)


def request_hardware_log(device: Device) -> None:
    """The vendor's log of its hardware is read within seconds."""
    Device.objects.filter(pk=device.pk).update(hardware_log_due_at=timezone.now())
    wake_worker("requested_refreshes")


def fetch_due_hardware_logs(client: tenovi.TenoviClient) -> int:
    """Read the vendor's log of every device that is due. Returns for how many it was asked for."""

    def postpone(device: Device, failure: tenovi.VendorFailure) -> None:
        if isinstance(failure, tenovi.Failed):
            Device.objects.filter(pk=device.pk).update(hardware_log_due_at=timezone.now() + RETRY_DELAY)

    return drain_vendor_reads(
        lambda: Device.objects.hardware_log_due().order_by("hardware_log_due_at", "pk").first(),
        lambda device: store_hardware_log(device, client.list_hardware_uuid_logs(device.hwi_id)),
        postpone,
        purpose="The reading of hardware logs",
        stop_unreachable=True,
    ).count


@transaction.atomic
def store_hardware_log(device: Device, log: tenovi.ListResult[tenovi.HardwareUuidLog]) -> None:
    """Each row of the log once. One that was detected here gets the vendor's time."""
    Device.objects.filter(pk=device.pk).update(hardware_log_due_at=None)
    for row in log.rows:
        store_log_row(device, row)
    Patient.objects.touch_live_version([device.patient_id] if device.patient_id else [])


def store_log_row(device: Device, row: tenovi.HardwareUuidLog) -> None:
    if row.object_id and row.object_id.lower() != str(device.hwi_id):
        return  # a filter that the vendor doesn't know is silently ignored
    old, new = (
        normalise_hardware_uuid(each)[:MAX_ID_LENGTH] for each in (row.old_hardware_uuid, row.new_hardware_uuid)
    )
    if old == new or HardwareChange.objects.filter(log_id=row.id).exists():
        return
    ours = find_detected_change(device, old, new, row.created)
    if ours is None:
        HardwareChange.objects.create(
            device=device, old_hardware_uuid=old, new_hardware_uuid=new, log_id=row.id, logged_at=row.created
        )
    else:
        HardwareChange.objects.filter(pk=ours.pk).update(log_id=row.id, logged_at=row.created)


def find_detected_change(device: Device, old: str, new: str, at: dt.datetime | None) -> HardwareChange | None:
    same = HardwareChange.objects.filter(
        device=device, old_hardware_uuid=old, new_hardware_uuid=new, log_id__isnull=True
    )
    near = (at - SAME_CHANGE_WINDOW, at + SAME_CHANGE_WINDOW) if at else None
    return (same.filter(detected_at__range=near) if near else same).order_by("detected_at").first()
