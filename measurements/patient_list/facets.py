"""Facet counts of the patient list: how many patients each choice of devices, of silence and of marks would show."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import BooleanField, Case, ExpressionWrapper, IntegerField, Q, Value, When

from fulfillment.models import OrderLine
from measurements.patient_list.filters import (
    DEVICE_FILTERS,
    DEVICE_KIND_CONDITIONS,
    EXCEPTION_CONDITIONS,
    MARK_CONDITIONS,
    MARK_FILTERS,
    ORDER_LINE_CONDITIONS,
    SILENCE_FILTERS,
    PatientListSettings,
    equipment_exceptions,
    linked_devices,
    silence_cutoff,
)
from patients.models.patient import PatientQuerySet, format_live_version

MARK_BITS = {key: 1 << n for n, key in enumerate(MARK_CONDITIONS)}
SILENCE_LEVELS = {key: level for level, key in enumerate(SILENCE_FILTERS)}  # each level includes the longer ones
# All groups in one statement: at 10,000 patients some 15 ms. `aggregate(Count(filter=...))` over the conditions of
# `filters` took 33 ms, because each count searches devices and order lines again for each patient.
FACET_GROUPS_SQL = """
SELECT held.attention, held.under_way, held.connected, held.any_kind, person.silence_level, person.marks,
    count(*) AS patient_count, sum(person.live_version)::bigint AS version_sum
FROM ({people}) AS person
LEFT JOIN (
    SELECT patient, bool_or(attention) AS attention, bool_or(under_way) AS under_way,
        bool_or(connected) AS connected, bool_or(any_kind) AS any_kind
    FROM ({devices} UNION ALL {lines} UNION ALL {exceptions})
        AS each(patient, attention, under_way, connected, any_kind)
    GROUP BY patient
) AS held ON held.patient = person.id
GROUP BY 1, 2, 3, 4, 5, 6
"""


class FacetGroup(NamedTuple):
    """Patients with the same kinds of devices and order lines (None without any), the same silence and marks."""

    attention: bool | None
    under_way: bool | None
    connected: bool | None
    any_kind: bool | None
    silence_level: int
    marks: int  # MARK_BITS
    patient_count: int
    version_sum: int

    def matches(self, devices: str, silence: str, marks: str) -> bool:
        has_kind = {"": True, "none": not self.any_kind}.get(devices, getattr(self, devices, None))
        has_mark = not marks or self.marks & MARK_BITS[marks]
        return bool(has_kind and has_mark) and self.silence_level >= SILENCE_LEVELS[silence]


@dataclass(frozen=True)
class FacetCounts:
    """Patients by choice. `live_version` is `combined_live_version` of all that they are counted among."""

    devices: dict[str, int]
    silence: dict[str, int]
    marks: dict[str, int]
    shown: int
    live_version: str


def count_facets(patients: PatientQuerySet, settings: PatientListSettings) -> FacetCounts:
    """Of `patients` as the selects filter them; one query for all choices and the version."""
    groups = fetch_facet_groups(patients)
    chosen = {"devices": settings.devices, "silence": settings.silence, "marks": settings.marks}

    def count(**changed: str) -> int:
        return sum(group.patient_count for group in groups if group.matches(**chosen | changed))

    return FacetCounts(
        {key: count(devices=key) for key in DEVICE_FILTERS},
        {key: count(silence=key) for key in SILENCE_FILTERS},
        {key: count(marks=key) for key in MARK_FILTERS},
        count(),
        format_live_version(sum(group.patient_count for group in groups), sum(group.version_sum for group in groups)),
    )


def fetch_facet_groups(patients: PatientQuerySet) -> list[FacetGroup]:
    silence_level = Case(
        When(summary__last_at__gte=silence_cutoff(2), then=Value(SILENCE_LEVELS[""])),
        When(summary__last_at__gte=silence_cutoff(7), then=Value(SILENCE_LEVELS["2"])),
        When(summary__last_at__isnull=True, then=Value(SILENCE_LEVELS["never"])),
        default=Value(SILENCE_LEVELS["7"]),
        output_field=IntegerField(),
    )
    marks = sum(
        (Case(When(MARK_CONDITIONS[key], then=Value(bit)), default=Value(0)) for key, bit in MARK_BITS.items()),
        Value(0),
    )
    people = patients.order_by().values("id", "live_version", silence_level=silence_level, marks=marks)
    parts = {"people": people.query.sql_with_params()} | device_kind_queries()
    with connection.cursor() as cursor:
        cursor.execute(
            FACET_GROUPS_SQL.format(**{name: sql for name, (sql, _) in parts.items()}),
            [value for _, values in parts.values() for value in values],
        )
        return [FacetGroup(*row) for row in cursor.fetchall()]


@cache
def device_kind_queries() -> dict[str, tuple[str, tuple[Any, ...]]]:
    """SQL of all devices, order lines and exceptions with their kinds; compiling it took longer than running
    it."""

    def kind_flags(conditions: dict[str, Q]) -> dict[str, Any]:
        kinds = ("attention", "under_way", "connected", "any")
        flags = {kind: ExpressionWrapper(conditions[kind], output_field=BooleanField()) for kind in kinds}
        flags["any_kind"] = flags.pop("any")
        return flags

    devices = linked_devices().values("patient", **kind_flags(DEVICE_KIND_CONDITIONS))
    lines = OrderLine.objects.order_by().values("patient", **kind_flags(ORDER_LINE_CONDITIONS))
    exceptions = equipment_exceptions().values("patient", **kind_flags(EXCEPTION_CONDITIONS))
    rows = {"devices": devices, "lines": lines, "exceptions": exceptions}
    return {name: each.query.sql_with_params() for name, each in rows.items()}
