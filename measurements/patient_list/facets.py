"""How many a click on each of the list's chips would show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, reduce
from operator import add
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Case, IntegerField, Q, Value, When

from measurements.patient_list import filters
from measurements.patient_list.columns import Patients
from measurements.patient_list.filters import DEVICES, HELD, LINES, SILENT, Chosen
from patients.models.patient import version_of


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
    versions: int


@dataclass(frozen=True)
class Counted:
    """`shown` is how many the list shows; `version` is `Patient.objects.version_of_all()` of whom chips choose from."""

    shown: int
    version: str
    devices: list[Chip]
    silence: list[Chip]


def counted(patients: Patients, chosen: Chosen) -> Counted:
    """Among those whom the lists above the chips leave over: one walk over them answers for all chips."""
    found = _alike(patients)
    by_devices = {key: _count(found, key, chosen.silent) for key in DEVICES}
    by_silence = {key: _count(found, chosen.devices, key) for key in SILENT}
    return Counted(
        by_devices[chosen.devices],
        version_of(sum(each.people for each in found), sum(each.versions for each in found)),
        [Chip("devices", key, label, by_devices[key], key == chosen.devices) for key, label in DEVICES.items()],
        [Chip("silent", key, label, by_silence[key], key == chosen.silent) for key, label in SILENT.items()],
    )


# What somebody holds is added up once and joined once: `IN (SELECT ...)` for each chip, which is right for a page,
# would look seven times for each of ten thousand people.
ALIKE = """
SELECT COALESCE(held.kinds, 0), person.silent, count(*), sum(person.version)::bigint FROM ({people}) AS person
LEFT JOIN (
    SELECT patient, bit_or(kinds) AS kinds FROM ({devices} UNION ALL {lines}) AS each(patient, kinds) GROUP BY patient
) AS held ON held.patient = person.id
GROUP BY 1, 2
"""


def _alike(patients: Patients) -> list[Alike]:
    people = patients.order_by().values("id", "version", silent=_silent())
    parts = {"people": people.query.sql_with_params()} | _holders()
    with connection.cursor() as cursor:
        cursor.execute(
            ALIKE.format(**{name: text for name, (text, _) in parts.items()}),
            [value for _, values in parts.values() for value in values],
        )
        return [Alike(*row) for row in cursor.fetchall()]


@cache
def _holders() -> dict[str, tuple[str, tuple[Any, ...]]]:
    """Everybody's: the same words each time, which took Django longer to find than PostgreSQL to answer."""
    devices = filters.linked().values("patient", kinds=_one_of(HELD, BIT_HELD))
    lines = filters.open_lines().values("patient", kinds=_bits(LINES, BIT_HELD))
    return {"devices": devices.query.sql_with_params(), "lines": lines.query.sql_with_params()}


def _bits(kinds: Mapping[str, Q], bits: Mapping[str, int]) -> Any:
    """One number: a bit for each kind that a row is of."""
    each = (
        Case(When(kinds[key], then=Value(bit)), default=Value(0), output_field=IntegerField())
        for key, bit in bits.items()
    )
    return reduce(add, each)


def _one_of(kinds: Mapping[str, Q], bits: Mapping[str, int]) -> Any:
    """The same where a row is of one kind at most besides "any": asked in turn, the most frequent first."""
    any_of = bits["any"]
    each = (When(kinds[key], then=Value(bits[key] | any_of)) for key in ("connected", "trouble", "under_way"))
    return Case(*each, default=Value(any_of), output_field=IntegerField())


def _silent() -> Any:
    """Who was silent for the longer time was so for the shorter. Most are asked once: have they just measured?"""
    since = filters.silent_since()
    two, seven = (Q(overview__last_at__gte=since[days]) for days in ("2", "7"))
    never = Q(overview__last_at__isnull=True)
    return Case(
        When(two, then=Value(0)),
        When(seven, then=Value(BIT_SILENT["2"])),
        When(never, then=Value(sum(BIT_SILENT.values()))),
        default=Value(BIT_SILENT["2"] | BIT_SILENT["7"]),
        output_field=IntegerField(),
    )


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
