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

MEASURED_DAYS_WINDOW = 30
MEASURED_DAYS_BITS = 62  # bits of `PatientSummary.measured_days_mask`

Patients = PatientQuerySet


@dataclass(frozen=True)
class SortColumn:
    """`annotate_value` adds `sorted_by`, without which the name alone sorts.

    A first click puts the highest or newest on top.

    `descending_label` and `ascending_label` say what each way puts on top, where narrow screens have words in place
    of columns.
    `is_expensive`: ten thousand of it take longer than to sort them.
    """

    key: str
    label: str
    unit: str = ""
    annotate_value: Callable[[Patients], Patients] | None = None
    is_expensive: bool = False
    descending_label: str = "highest first"
    ascending_label: str = "lowest first"

    @property
    def directions(self) -> list[tuple[str, str]]:
        """What the form sends, and its words; first the way that a first click takes."""
        ways = [("descending", self.descending_label), ("ascending", self.ascending_label)]
        return ways if self.annotate_value else ways[::-1]


def summary_field(name: str) -> Callable[[Patients], Patients]:
    return lambda patients: patients.annotate(sorted_by=F(f"overview__{name}"))


def recent_weight_gain(patients: Patients) -> Patients:
    """As the row shows it: of those who weighed themselves in the last week."""
    week_ago = Func(
        Now(), template=f"(%(expressions)s - interval '{BASELINE_DAYS} days')", output_field=DateTimeField()
    )
    fresh = Q(overview__weight_at__gte=week_ago)
    return patients.annotate(sorted_by=Case(When(fresh, then=F("overview__weight_gain"))))


# The bits stay where they are, today moves. OFFSET keeps the patient's local date from being found four times a row.
COUNT_MEASURED_DAYS_SQL = f"""(
    SELECT bit_count((moved & {(1 << MEASURED_DAYS_WINDOW) - 1})::bit(64)) FROM (
        SELECT CASE WHEN ago >= {MEASURED_DAYS_BITS} THEN 0 WHEN ago >= 0 THEN days << ago ELSE days >> -ago END
            AS moved
        FROM (
            SELECT days, timezone(zone, now())::date - until AS ago
            FROM (SELECT %(expressions)s) AS kept(days, zone, until) OFFSET 0
        ) AS aged
    ) AS counted
)"""  # noqa: S608 - made of constants


def count_measured_days(patients: Patients) -> Patients:
    """`PatientSummary.count_measured_days` in SQL."""
    kept = (F("overview__measured_days_mask"), F("time_zone"), F("overview__last_measured_on"))
    counted = Func(*kept, template=COUNT_MEASURED_DAYS_SQL, output_field=IntegerField())
    return patients.annotate(sorted_by=Coalesce(counted, Value(0), output_field=IntegerField()))


SORT_COLUMNS = (
    SortColumn("name", "Patient", descending_label="Z to A", ascending_label="A to Z"),
    SortColumn("blood_pressure", "Blood pressure", "mmHg", summary_field("systolic")),
    SortColumn(
        "weight",
        "Weight, gain",
        "lb",
        recent_weight_gain,
        descending_label="most gained first",
        ascending_label="most lost first",
    ),
    SortColumn("glucose", "Glucose", "mg/dL", summary_field("glucose")),
    SortColumn("spO2", "SpO₂", "%", summary_field("spo2")),
    SortColumn(
        "last",
        "Last reading",
        "",
        summary_field("last_at"),
        descending_label="newest first",
        ascending_label="oldest first",
    ),
    SortColumn(
        "days",
        "Days measured",
        "",
        count_measured_days,
        descending_label="most first",
        ascending_label="fewest first",
        is_expensive=True,
    ),
)
SORT_COLUMNS_BY_KEY = {column.key: column for column in SORT_COLUMNS}
