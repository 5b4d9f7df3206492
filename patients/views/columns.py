"""What the list can be sorted by: a column's value, then the name. Reads one row per patient and no reading."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import (
    BigIntegerField,
    Case,
    DateField,
    DateTimeField,
    F,
    Func,
    IntegerField,
    Q,
    QuerySet,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce, Now

from measurements.summaries import BASELINE_DAYS
from patients.models import Patient

MEASURED_DAYS = 30
DAYS_KEPT = 62  # bits of `Overview.days`

Patients = QuerySet[Patient]


@dataclass(frozen=True)
class Column:
    """`value` adds `sorted_by`, without which the name alone sorts. A first click puts the highest or newest on top."""

    key: str
    label: str
    unit: str = ""
    value: Callable[[Patients], Patients] | None = None


def _kept(name: str) -> Callable[[Patients], Patients]:
    return lambda patients: patients.annotate(sorted_by=F(f"overview__{name}"))


def _weight_gain(patients: Patients) -> Patients:
    """As the row shows it: of those who weighed themselves in the last week."""
    week_ago = Func(
        Now(), template=f"(%(expressions)s - interval '{BASELINE_DAYS} days')", output_field=DateTimeField()
    )
    fresh = Q(overview__weight_at__gte=week_ago)
    return patients.annotate(sorted_by=Case(When(fresh, then=F("overview__weight_gain"))))


def _days_measured(patients: Patients) -> Patients:
    """Counts the bits of the patient's last local days: the bits stay where they are, today moves."""
    today = Cast(Func(F("time_zone"), Now(), function="timezone", output_field=DateTimeField()), DateField())
    until = F("overview__days_until")
    ago = Func(today, until, template="(%(expressions)s)", arg_joiner=" - ", output_field=IntegerField())
    ahead = Func(until, today, template="(%(expressions)s)", arg_joiner=" - ", output_field=IntegerField())
    patients = patients.alias(days_ago=ago, days_ahead=ahead)
    moved = Case(
        When(days_ago__gte=DAYS_KEPT, then=Value(0)),
        When(days_ago__gte=0, then=F("overview__days").bitleftshift(F("days_ago"))),  # type: ignore[arg-type]  # the stubs know numbers only
        default=F("overview__days").bitrightshift(F("days_ahead")),  # type: ignore[arg-type]
        output_field=BigIntegerField(),
    )
    patients = patients.alias(recent_days=Func(moved, template="(%(expressions)s)", output_field=BigIntegerField()))
    counted = Func(
        F("recent_days").bitand((1 << MEASURED_DAYS) - 1),
        template="bit_count((%(expressions)s)::bigint::bit(64))",
        output_field=IntegerField(),
    )
    return patients.annotate(sorted_by=Coalesce(counted, Value(0), output_field=IntegerField()))


COLUMNS = (
    Column("name", "Patient"),
    Column("blood_pressure", "Blood pressure", "mmHg", _kept("systolic")),
    Column("weight", "Weight gain", "lb", _weight_gain),
    Column("glucose", "Glucose", "mg/dL", _kept("glucose")),
    Column("spO2", "SpO₂", "%", _kept("spo2")),
    Column("last", "Last reading", "", _kept("last_at")),
    Column("days", "Days measured", "", _days_measured),
)
BY_KEY = {column.key: column for column in COLUMNS}
