"""Kit string: a gateway ID or IMEI with the sensor codes of the devices on it, as the vendor's FAQ names a kit.

"A1B2C3D4E5F6-10-13" is a cuff and a scale on one gateway. It changes with the gateway, so it is computed, not stored.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby

from django.db.models import Q

from devices.hardware_ids import normalise_hardware_uuid
from devices.models import Device
from patients.audit import audit_log
from patients.csv_writer import write_csv
from patients.models import User
from patients.models.audit import AuditAction
from patients.search import register_patient_lookup

# Codes need a separator before them: twelve characters alone are a gateway's ID in groups of four.
KIT_STRING = re.compile(r"(?P<hardware>[0-9A-F]{12}|[0-9]{15})(?:[-,/+ ][0-9]{1,3})+")
EXPORT_COLUMNS = ("kit_string", "gateway_or_imei", "devices", "patient", "mrn", "account_id", "clinic")


def format_kit_string(devices: Iterable[Device]) -> str:
    """Of linked devices on one gateway, in any order; empty where none has hardware."""
    linked = [device for device in devices if device.is_linked and device.gateway_id]
    codes = sorted({device.sensor_code for device in linked if device.sensor_code})
    return "-".join([linked[0].hardware_uuid, *codes]) if linked else ""


def kit_string_of(device: Device) -> str:
    """Of the device with the holder's other devices on its gateway."""
    if not (device.is_linked and device.gateway):
        return ""
    siblings = Device.objects.linked().filter(gateway=device.gateway, patient=device.patient_id)
    return format_kit_string(siblings.select_related("gateway"))


def parse_kit_hardware(text: str) -> str:
    """The gateway ID or IMEI of a typed kit string; empty for any other text."""
    found = KIT_STRING.fullmatch(text.strip().upper())
    return normalise_hardware_uuid(found["hardware"]) if found else ""


@register_patient_lookup
def patients_by_kit_string(text: str) -> Q:
    hardware = parse_kit_hardware(text)
    devices = Device.objects.filter(gateway__hardware_uuid__iexact=hardware).order_by()
    return Q(pk__in=devices.values("patient")) if hardware else Q()


def export_kits(*, by: User) -> str:
    """CSV with a line for each patient and gateway of the user's clinics; the download is audited."""
    linked = Device.objects.visible_to(by).linked().filter(gateway__isnull=False)
    rows = linked.select_related("gateway", "patient__clinic").order_by("patient_id", "gateway_id", "name", "pk")
    lines = []
    for _, group in groupby(rows, key=lambda device: (device.patient_id, device.gateway_id)):
        devices = list(group)
        first, patient = devices[0], devices[0].patient
        if patient:
            names = "; ".join(device.name for device in devices)
            about = (patient.list_name, patient.mrn, patient.external_id, patient.clinic.name)
            lines.append((patient.pk, (format_kit_string(devices), first.hardware_uuid, names, *about)))
    patients = dict.fromkeys(pk for pk, _ in lines)
    audit_log.record_event(AuditAction.EXPORT, by=by, patients=patients, target="kits", rows=len(lines))
    return write_csv(EXPORT_COLUMNS, [line for _, line in lines])
