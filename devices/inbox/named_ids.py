"""Ids of devices and patients that a webhook body names, and the clinics to which those devices belong."""

from __future__ import annotations

import re
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from devices.models import Assignment, Device

DEVICE_KEYS = frozenset(("hwi_device_id", "client_device_id"))
PATIENT_KEYS = frozenset(("patient_id", "external_id"))
UUID_TEXT = re.compile(r"[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class NamedIds:
    """What one item names, at any depth."""

    hwi_ids: frozenset[uuid.UUID]  # under the keys of a device id
    mentioned: frozenset[uuid.UUID]  # every UUID, wherever it occurs; most are no device's
    patient_names: frozenset[str]  # the vendor's patient ids in lower case
    unreadable: bool  # a device id that is none


def find_named_ids(value: Any) -> NamedIds:
    """The ids in an item of a body, parsed; a text counts as one value without a key."""
    hwi_ids: set[uuid.UUID] = set()
    mentioned: set[uuid.UUID] = set()
    patient_names: set[str] = set()
    unreadable = False
    for key, leaf in iterate_leaves("", value):
        text = str(leaf).strip()
        mentioned.update(uuid.UUID(found) for found in UUID_TEXT.findall(f"{key} {text}"))
        if key in PATIENT_KEYS:
            patient_names.add(text.lower())
        elif key in DEVICE_KEYS:
            try:
                hwi_ids.add(uuid.UUID(text))
            except ValueError:
                unreadable = True
    return NamedIds(frozenset(hwi_ids), frozenset(mentioned | hwi_ids), frozenset(patient_names), unreadable)


def iterate_leaves(key: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Each value that is neither empty nor nested, with its key; values of a list have the key of the list."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from iterate_leaves(name.strip(), inner)
    elif isinstance(value, list):
        for inner in value:
            yield from iterate_leaves(key, inner)
    elif value is not None and value != "":
        yield key, value


@dataclass(frozen=True)
class Holder:
    """A patient who holds or held a device."""

    clinic_id: int
    names: frozenset[str]  # the vendor's patient ids in lower case
    current: bool


def holders_by_device(hwi_ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, list[Holder]]:
    """Present and former holders of those of the ids that are devices here. Two queries, however many."""
    wanted, found = list(set(hwi_ids)), defaultdict(list)
    assigned = Assignment.objects.filter(device__hwi_id__in=wanted).values_list(
        "device__hwi_id", "patient__clinic_id", "patient__external_id", "vendor_patient_id", "ended_at"
    )
    for hwi_id, clinic_id, external_id, vendor_id, ended_at in assigned:
        names = frozenset(name.lower() for name in (external_id, vendor_id) if name)
        found[hwi_id].append(Holder(clinic_id, names, current=ended_at is None))
    held = Device.objects.filter(hwi_id__in=wanted, patient__isnull=False).values_list(
        "hwi_id", "patient__clinic_id", "patient__external_id"
    )
    for hwi_id, clinic_id, external_id in held:
        found[hwi_id].append(Holder(clinic_id, frozenset((external_id.lower(),)), current=True))
    return found
