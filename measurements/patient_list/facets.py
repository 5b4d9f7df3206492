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
from measurements.patient_list.filters import (
    DEVICE_FILTERS,
    DEVICE_KIND_CONDITIONS,
    ORDER_LINE_CONDITIONS,
    SILENCE_FILTERS,
    PatientListSettings,
)
from patients.models.patient import format_live_version


@dataclass(frozen=True)
class FacetChoice:
    name: str
    value: str
    label: str
    count: int
    is_selected: bool


class FacetGroup(NamedTuple):
    """How many people have the same of both: a bit for each kind of what they hold, and for each length of silence."""

    device_bits: int
    silence_bits: int
    patient_count: int
    version_sum: int


@dataclass(frozen=True)
class FacetCounts:
    """`list_version` is `Patient.objects.combined_live_version()` of whom chips choose from."""

    shown_count: int
    list_version: str
    devices: list[FacetChoice]
    silence: list[FacetChoice]


def count_facets(patients: Patients, settings: PatientListSettings) -> FacetCounts:
    """Among those whom the lists above the chips leave over: one walk over them answers for all chips."""
    found = fetch_facet_groups(patients)
    by_devices = {key: count_matching_patients(found, key, settings.silence) for key in DEVICE_FILTERS}
    by_silence = {key: count_matching_patients(found, settings.devices, key) for key in SILENCE_FILTERS}
    return FacetCounts(
        by_devices[settings.devices],
        format_live_version(sum(each.patient_count for each in found), sum(each.version_sum for each in found)),
        [
            FacetChoice("devices", key, label, by_devices[key], key == settings.devices)
            for key, label in DEVICE_FILTERS.items()
        ],
        [
            FacetChoice("silence", key, label, by_silence[key], key == settings.silence)
            for key, label in SILENCE_FILTERS.items()
        ],
    )


# What somebody holds is added up once and joined once: `IN (SELECT ...)` for each chip, which is right for a page,
# would look seven times for each of ten thousand people.
FACET_GROUPS_SQL = """
SELECT COALESCE(held.kinds, 0), person.silence, count(*), sum(person.live_version)::bigint FROM ({people}) AS person
LEFT JOIN (
    SELECT patient, bit_or(kinds) AS kinds FROM ({devices} UNION ALL {lines}) AS each(patient, kinds) GROUP BY patient
) AS held ON held.patient = person.id
GROUP BY 1, 2
"""


def fetch_facet_groups(patients: Patients) -> list[FacetGroup]:
    people = patients.order_by().values("id", "live_version", silence=silence_bits())
    parts = {"people": people.query.sql_with_params()} | device_kind_queries()
    with connection.cursor() as cursor:
        cursor.execute(
            FACET_GROUPS_SQL.format(**{name: text for name, (text, _) in parts.items()}),
            [value for _, values in parts.values() for value in values],
        )
        return [FacetGroup(*row) for row in cursor.fetchall()]


@cache
def device_kind_queries() -> dict[str, tuple[str, tuple[Any, ...]]]:
    """Everybody's: the same words each time, which took Django longer to find than PostgreSQL to answer."""
    devices = filters.linked_devices().values(
        "patient", kinds=first_kind_bits(DEVICE_KIND_CONDITIONS, DEVICE_KIND_BITS)
    )
    lines = filters.open_order_lines().values("patient", kinds=sum_kind_bits(ORDER_LINE_CONDITIONS, DEVICE_KIND_BITS))
    return {"devices": devices.query.sql_with_params(), "lines": lines.query.sql_with_params()}


def sum_kind_bits(kinds: Mapping[str, Q], bits: Mapping[str, int]) -> Any:
    """One number: a bit for each kind that a row is of."""
    each = (
        Case(When(kinds[key], then=Value(bit)), default=Value(0), output_field=IntegerField())
        for key, bit in bits.items()
    )
    return reduce(add, each)


def first_kind_bits(kinds: Mapping[str, Q], bits: Mapping[str, int]) -> Any:
    """The same where a row is of one kind at most besides "any": asked in turn, the most frequent first."""
    any_of = bits["any"]
    each = (When(kinds[key], then=Value(bits[key] | any_of)) for key in ("connected", "attention", "under_way"))
    return Case(*each, default=Value(any_of), output_field=IntegerField())


def silence_bits() -> Any:
    """Who was silent for the longer time was so for the shorter. Most are asked once: have they just measured?"""
    since = filters.silence_cutoffs()
    two, seven = (Q(overview__last_at__gte=since[days]) for days in ("2", "7"))
    never = Q(overview__last_at__isnull=True)
    return Case(
        When(two, then=Value(0)),
        When(seven, then=Value(SILENCE_LENGTH_BITS["2"])),
        When(never, then=Value(sum(SILENCE_LENGTH_BITS.values()))),
        default=Value(SILENCE_LENGTH_BITS["2"] | SILENCE_LENGTH_BITS["7"]),
        output_field=IntegerField(),
    )


DEVICE_KIND_BITS = {key: 1 << place for place, key in enumerate(DEVICE_KIND_CONDITIONS)}
SILENCE_LENGTH_BITS = {key: 1 << place for place, key in enumerate(SILENCE_FILTERS) if key}


def count_matching_patients(found: Iterable[FacetGroup], devices: str, silence: str) -> int:
    return sum(
        each.patient_count
        for each in found
        if matches_device_filter(each, devices) and matches_silence_filter(each, silence)
    )


def matches_device_filter(each: FacetGroup, key: str) -> bool:
    if not key:
        return True
    return (
        not each.device_bits & DEVICE_KIND_BITS["any"]
        if key == "none"
        else bool(each.device_bits & DEVICE_KIND_BITS[key])
    )


def matches_silence_filter(each: FacetGroup, key: str) -> bool:
    return not key or bool(each.silence_bits & SILENCE_LENGTH_BITS[key])
