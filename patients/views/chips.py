"""How many a click on each of the list's chips would show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Case, IntegerField, Q, Value, When

from patients.views import filters
from patients.views.columns import Patients
from patients.views.filters import DEVICES, HELD, LINES, SILENT, Chosen


@dataclass(frozen=True)
class Chip:
    name: str
    value: str
    label: str
    count: int
    chosen: bool


class Alike(NamedTuple):
    """How many people have the same of both: a bit for each kind of what they hold, and for each length of silence."""

    held: int
    silent: int
    people: int


def counted(patients: Patients, chosen: Chosen) -> tuple[int, list[Chip], list[Chip]]:
    """How many are shown, and the chips: each says how many a click on it would show. One query."""
    found = _alike(filters.grouped(patients, chosen))
    by_devices = {key: _count(found, key, chosen.silent) for key in DEVICES}
    by_silence = {key: _count(found, chosen.devices, key) for key in SILENT}
    return (
        by_devices[chosen.devices],
        [Chip("devices", key, label, by_devices[key], key == chosen.devices) for key, label in DEVICES.items()],
        [Chip("silent", key, label, by_silence[key], key == chosen.silent) for key, label in SILENT.items()],
    )


# What somebody holds is added up once and joined once: `IN (SELECT ...)` for each chip, which is right for a page,
# would look seven times for each of ten thousand people.
ALIKE = """
SELECT COALESCE(held.kinds, 0), person.silent, count(*) FROM ({people}) AS person
LEFT JOIN (
    SELECT patient, bit_or(kinds) AS kinds FROM ({devices} UNION ALL {lines}) AS each(patient, kinds) GROUP BY patient
) AS held ON held.patient = person.id
GROUP BY 1, 2
"""


def _alike(patients: Patients) -> list[Alike]:
    rows = {
        "people": patients.order_by().values("id", silent=_bits(filters.silence(), BIT_SILENT)),
        "devices": filters.linked().values("patient", kinds=_bits(HELD, BIT_HELD)),
        "lines": filters.open_lines().values("patient", kinds=_bits(LINES, BIT_HELD)),
    }
    parts = {name: each.query.sql_with_params() for name, each in rows.items()}
    with connection.cursor() as cursor:
        cursor.execute(
            ALIKE.format(**{name: text for name, (text, _) in parts.items()}),
            [value for _, values in parts.values() for value in values],
        )
        return [Alike(*row) for row in cursor.fetchall()]


def _bits(kinds: Mapping[str, Q], bits: Mapping[str, int]) -> Any:
    """One number: a bit for each kind that a row is of."""
    each = (
        Case(When(kinds[key], then=Value(bit)), default=Value(0), output_field=IntegerField())
        for key, bit in bits.items()
    )
    return reduce(add, each)


BIT_HELD = {key: 1 << place for place, key in enumerate(HELD)}
BIT_SILENT = {key: 1 << place for place, key in enumerate(SILENT) if key}


def _count(found: Iterable[Alike], devices: str, silent: str) -> int:
    return sum(each.people for each in found if _holds(each, devices) and _is_silent(each, silent))


def _holds(each: Alike, key: str) -> bool:
    if not key:
        return True
    return not each.held & BIT_HELD["any"] if key == "none" else bool(each.held & BIT_HELD[key])


def _is_silent(each: Alike, key: str) -> bool:
    return not key or bool(each.silent & BIT_SILENT[key])
