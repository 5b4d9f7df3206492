"""Kit contents: which device types of the catalogue the vendor can ship, and why a kit can't be ordered."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from devices.models import DeviceType

EMPTY_KIT = "This kit is empty. An administrator can put devices into it."
NEEDS_SENSOR_ID = "Can't be shipped: {}. Its sensor ID is on its label, so it is activated on site."
NOT_IN_CATALOGUE = "No longer in the vendor's catalogue: {}."


def kit_problem(contents: Collection[DeviceType]) -> str:
    """Why these device types can't be ordered as a kit, for a person; empty if they can."""
    return EMPTY_KIT if not contents else sensor_id_problem(contents) or catalogue_problem(contents)


def sensor_id_problem(contents: Collection[DeviceType]) -> str:
    """The vendor refuses such a device without its sensor ID, and there is none before it is packed."""
    return format_names(NEEDS_SENSOR_ID, (each.name for each in contents if each.sensor_id_required))


def catalogue_problem(contents: Collection[DeviceType]) -> str:
    return format_names(NOT_IN_CATALOGUE, (each.name for each in contents if not each.orderable))


def format_names(text: str, names: Iterable[str]) -> str:
    found = sorted(set(names))
    return text.format(", ".join(found)) if found else ""
