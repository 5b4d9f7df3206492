"""Kit contents: which device types of the catalogue the vendor can ship, and why a kit can't be ordered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable

from devices.models import DeviceType

EMPTY_KIT = "This kit is empty. An administrator can put devices into it."
NEEDS_SENSOR_ID = "Can't be shipped: {}. Its sensor ID is on its label, so it is activated on site."
ONE_SIZE = "A gateway takes one of these, so a kit has one size: {}."
NEEDS_GATEWAY = "This kit has no gateway. Choose the patient's gateway, or a kit with one."
NOT_IN_CATALOGUE = "No longer in the vendor's catalogue: {}."


def kit_problem(contents: Collection[DeviceType]) -> str:
    """Why these device types can't be ordered as a kit, for a person; empty if they can."""
    return EMPTY_KIT if not contents else sensor_id_problem(contents) or catalogue_problem(contents)


def sensor_id_problem(contents: Collection[DeviceType]) -> str:
    """The vendor refuses such a device without its sensor ID, and there is none before it is packed."""
    return format_names(NEEDS_SENSOR_ID, (each.name for each in contents if each.sensor_id_required))


def size_problem(contents: Collection[DeviceType]) -> str:
    """Cuffs of two sizes have one sensor code, of which a gateway takes one device."""
    by_code: defaultdict[str, set[str]] = defaultdict(set)
    for each in contents:
        if each.sensor_code and not each.sensor_id_required:
            by_code[each.sensor_code].add(each.name)
    return format_names(ONE_SIZE, next((names for names in by_code.values() if len(names) > 1), ()))


def gateway_problem(contents: Collection[DeviceType], *, without_gateway: bool, joins: bool) -> str:
    """A device that is no cellular one needs a gateway: a new one of the kit, or the patient's, which it joins."""
    needed = any(not each.cellular for each in contents)
    return NEEDS_GATEWAY if needed and without_gateway and not joins else ""


def catalogue_problem(contents: Collection[DeviceType]) -> str:
    return format_names(NOT_IN_CATALOGUE, (each.name for each in contents if not each.orderable))


def format_names(text: str, names: Iterable[str]) -> str:
    found = sorted(set(names))
    return text.format(", ".join(found)) if found else ""
