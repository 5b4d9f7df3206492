"""What the list can be sorted by: a column's value, then the name. Reads one row per patient and no reading."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import (
    Case,
    DateTimeField,
    F,
    Func,
    IntegerField,
    Q,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Now

from measurements.chart.statistics import BASELINE_DAYS
from patients.models.patient import PatientQuerySet

MEASURED_DAYS = 30
DAYS_KEPT = 62  # bits of `Overview.days`

Patients = PatientQuerySet


@dataclass(frozen=True)
class Column:
    """`value` adds `sorted_by`, without which the name alone sorts. A first click puts the highest or newest on top.

    `falling` and `rising` say what each way puts on top, where narrow screens have words in place of columns.
    `dear`: ten thousand of it take longer than to sort them.
    """

    key: str
    label: str
    unit: str = ""
    value: Callable[[Patients], Patients] | None = None
    dear: bool = False
    falling: str = "highest first"
    rising: str = "lowest first"

    @property
    def ways(self) -> list[tuple[str, str]]:
        """What the form sends, and its words; first the way that a first click takes."""
        ways = [("falling", self.falling), ("rising", self.rising)]
        return ways if self.value else ways[::-1]


def _kept(name: str) -> Callable[[Patients], Patients]:
    return lambda patients: patients.annotate(sorted_by=F(f"overview__{name}"))


def _weight_gain(patients: Patients) -> Patients:
    """As the row shows it: of those who weighed themselves in the last week."""
    week_ago = Func(
        Now(), template=f"(%(expressions)s - interval '{BASELINE_DAYS} days')", output_field=DateTimeField()
    )
    fresh = Q(overview__weight_at__gte=week_ago)
    return patients.annotate(sorted_by=Case(When(fresh, then=F("overview__weight_gain"))))


# The bits stay where they are, today moves. OFFSET keeps the patient's local date from being found four times a row.
DAYS_MEASURED = f"""(
    SELECT bit_count((moved & {(1 << MEASURED_DAYS) - 1})::bit(64)) FROM (
        SELECT CASE WHEN ago >= {DAYS_KEPT} THEN 0 WHEN ago >= 0 THEN days << ago ELSE days >> -ago END AS moved FROM (
            SELECT days, timezone(zone, now())::date - until AS ago
            FROM (SELECT %(expressions)s) AS kept(days, zone, until) OFFSET 0
        ) AS aged
    ) AS counted
)"""  # noqa: S608 - made of constants


def _days_measured(patients: Patients) -> Patients:
    """`Overview.days_measured` in SQL."""
    kept = (F("overview__days"), F("time_zone"), F("overview__days_until"))
    counted = Func(*kept, template=DAYS_MEASURED, output_field=IntegerField())
    return patients.annotate(sorted_by=Coalesce(counted, Value(0), output_field=IntegerField()))


COLUMNS = (
    Column("name", "Patient", falling="Z to A", rising="A to Z"),
    Column("blood_pressure", "Blood pressure", "mmHg", _kept("systolic")),
    Column("weight", "Weight, gain", "lb", _weight_gain, falling="most gained first", rising="most lost first"),
    Column("glucose", "Glucose", "mg/dL", _kept("glucose")),
    Column("spO2", "SpO₂", "%", _kept("spo2")),
    Column("last", "Last reading", "", _kept("last_at"), falling="newest first", rising="oldest first"),
    Column("days", "Days measured", "", _days_measured, falling="most first", rising="fewest first", dear=True),
)
BY_KEY = {column.key: column for column in COLUMNS}
