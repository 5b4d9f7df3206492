"""Hardware given from one patient to another: the vendor has a new HWI device for it, and what the hardware had stored
may arrive under the new id days later."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from django.db.models import Q
from django.db.models.functions import Upper

from devices.models import Assignment, Device, HardwareChange
from patients.folding import fold_case


@dataclass(frozen=True, slots=True)
class AssignmentPeriod:
    """The columns of an Assignment that attribute a reading to its patient."""

    device_id: int
    patient_id: uuid.UUID
    started_at: dt.datetime | None
    ended_at: dt.datetime | None
    external_id: str  # the patient's id at the vendor, folded
    other_external_id: str  # another one, where a person has attached the device

    def covers(self, time: dt.datetime) -> bool:
        began = self.started_at is None or self.started_at <= time
        return began and (self.ended_at is None or time < self.ended_at)


def handover_time(device: Device) -> dt.datetime | None:
    """When hardware that another patient had used became this device; None: no other patient had it.

    The readings before it are not the new patient's.
    """
    others = Assignment.objects.filter(device__in=devices_with_hardware_of(device)).exclude(patient=device.patient_id)
    return made_at(device) if others.exists() else None


def read_former_periods(hwi_id: uuid.UUID) -> list[AssignmentPeriod]:
    """Of the hardware that is or was under this device, by other devices of the same kind that the vendor made before
    it: never by a later one, whose readings have its own id.

    A few queries for a device with a reading from outside of its own assignments, which is rare.
    """
    device = Device.objects.select_related("gateway").get(hwi_id=hwi_id)
    hardware = hardware_ids_of(device)
    others = Device.objects.filter(pk__in=devices_with_hardware_of(device)).prefetch_related(
        "hardware_changes", "assignments__patient"
    )
    earlier = [other for other in others if made_at(other) <= made_at(device)]
    return [build_period(held, hardware) for other in earlier for held in other.assignments.all()]


def made_at(device: Device) -> dt.datetime:
    return device.vendor_created or device.created_at


def build_period(held: Assignment, hardware: set[str]) -> AssignmentPeriod:
    """As long as the device was on the hardware."""
    changes = [(each, each.changed_at) for each in held.device.hardware_changes.all()]
    came = [at for each, at in changes if at and each.new_hardware_uuid.upper() in hardware]
    went = [at for each, at in changes if at and each.old_hardware_uuid.upper() in hardware]
    started = [at for at in (held.started_at, min(came, default=None)) if at]
    ended = [at for at in (held.ended_at, max(went, default=None)) if at]
    external_ids = (held.patient.folded_external_id, fold_case(held.vendor_patient_id))
    start, end = max(started, default=None), min(ended, default=None)
    return AssignmentPeriod(held.device_id, held.patient_id, start, end, *external_ids)


def devices_with_hardware_of(device: Device) -> list[int]:
    """Other devices of the same kind that are or were on its hardware."""
    hardware = hardware_ids_of(device)
    if not hardware:
        return []
    left = HardwareChange.objects.alias(folded=Upper("old_hardware_uuid")).filter(folded__in=hardware)
    on_it = Q(gateway__hardware_uuid__in=hardware) | Q(pk__in=left.values("device"))
    found = Device.objects.filter(on_it).exclude(pk=device.pk)
    return [other.pk for other in found if other.family == device.family]


def hardware_ids_of(device: Device) -> set[str]:
    former = device.hardware_changes.values_list("old_hardware_uuid", flat=True)
    return {each.upper() for each in (device.hardware_uuid, *former) if each}
