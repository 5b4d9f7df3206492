"""Columns of the patient list and what each sorts by: one row of `PatientSummary` per patient, never readings."""

from __future__ import annotations

from typing import Any

from django.db.models import (
    Case,
    DateField,
    DateTimeField,
    Expression,
    F,
    FloatField,
    Func,
    IntegerField,
    Q,
    Value,
    When,
)
from django.db.models.functions import Cast, Coalesce
from django.db.models.lookups import GreaterThanOrEqual
from django.utils import timezone

from measurements.local_days import RECENT_DAYS_BEFORE
from measurements.models.patient_summary import BEYOND_METER_SORT_VALUES, measured_day_count
from patients.lists.sorting import ListColumn

MEASURED_DAYS_WINDOW = 30
TIE_KEYS = ("family_name", "given_name", "pk")


class QueryTime(Expression):
    """The time of the query."""

    output_field = DateTimeField()

    def as_sql(self, *_: Any, **__: Any) -> tuple[str, Any]:
        return "%s::timestamptz", (timezone.now(),)


def local_date(time: Expression | F, *, days_before: int = 0) -> Func:
    """The day in the patient's time zone."""
    template = f"(timezone(%(expressions)s)::date - {days_before})"
    return Func(F("time_zone"), time, template=template, output_field=DateField())


def recent_condition(taken_at: str) -> GreaterThanOrEqual:
    """As `local_days.is_recent`, of a column of the summary."""
    earliest = local_date(QueryTime(), days_before=RECENT_DAYS_BEFORE)
    return GreaterThanOrEqual(local_date(F(f"summary__{taken_at}")), earliest)


# As the row shows it: only of patients with a recent weight.
RECENT_WEIGHT_GAIN = Case(When(recent_condition("weight_at"), then=F("summary__weight_gain")))
MEASURED_DAY_COUNT = Case(
    When(
        Q(summary__last_measured_on__isnull=False),
        then=measured_day_count(days=MEASURED_DAYS_WINDOW, now=QueryTime(), summary="summary__", patient=""),
    )
)


def recency_group(taken_at: str) -> Case:
    """0 for a recent value, 1 for an older one, 2 for none: older ones never rank among recent ones."""
    older = Q(**{f"summary__{taken_at}__isnull": False})
    return Case(
        When(recent_condition(taken_at), then=Value(0)),
        When(older, then=Value(1)),
        default=Value(2),
        output_field=IntegerField(),
    )


def average_or_newest(average: str, newest: str) -> Case:
    """The 7-day average, which the row is judged by; the newest value where there is none or it is beyond the meter."""
    value = Cast(f"summary__{newest}", FloatField())
    is_beyond = Q(**{f"summary__{newest}__in": BEYOND_METER_SORT_VALUES})
    return Case(When(is_beyond, then=value), default=Coalesce(F(f"summary__{average}"), value))


SORT_COLUMNS = (
    ListColumn("Patient", "name", descending_label="Z to A", ascending_label="A to Z"),
    ListColumn(
        "Blood pressure",
        "blood_pressure",
        "mmHg",
        average_or_newest("systolic_average", "systolic"),
        group=recency_group("systolic_at"),
    ),
    ListColumn(
        "Weight, gain",
        "weight",
        "lb",
        RECENT_WEIGHT_GAIN,
        group=recency_group("weight_at"),
        descending_label="most gained first",
        ascending_label="most lost first",
    ),
    ListColumn(
        "Glucose",
        "glucose",
        "mg/dL",
        average_or_newest("glucose_average", "glucose"),
        group=recency_group("glucose_at"),
    ),
    ListColumn("SpO₂", "spO2", "%", average_or_newest("spo2_average", "spo2"), group=recency_group("spo2_at")),
    ListColumn(
        "Last reading",
        "last",
        value=F("summary__last_at"),
        none_is_lowest=True,
        descending_label="newest first",
        ascending_label="oldest first",
    ),
    ListColumn(
        "Days measured",
        "days",
        value=MEASURED_DAY_COUNT,
        none_is_lowest=True,
        descending_label="most first",
        ascending_label="fewest first",
    ),
)
SORT_COLUMNS_BY_KEY = {column.key: column for column in SORT_COLUMNS}
COLUMNS = (*SORT_COLUMNS, ListColumn("30 days"), ListColumn("Devices"))
