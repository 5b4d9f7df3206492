"""Columns of the patient list and what each sorts by: one row of `PatientSummary` per patient, never readings."""

from __future__ import annotations

from django.db.models import Case, DateTimeField, F, Func, IntegerField, Q, Value, When
from django.db.models.functions import Coalesce, Now

from measurements.chart.statistics import BASELINE_DAYS
from patients.lists.sorting import ListColumn

MEASURED_DAYS_WINDOW = 30
MEASURED_DAYS_BITS = 62  # bits of `PatientSummary.measured_days_mask`
TIE_KEYS = ("family_name", "given_name", "pk")

WEEK_AGO = Func(Now(), template=f"(%(expressions)s - interval '{BASELINE_DAYS} days')", output_field=DateTimeField())
# As the row shows it: only of patients who weighed themselves in the last week.
RECENT_WEIGHT_GAIN = Case(When(Q(overview__weight_at__gte=WEEK_AGO), then=F("overview__weight_gain")))

# `PatientSummary.count_measured_days` in SQL. The bits stay in place while today moves. OFFSET 0 makes PostgreSQL
# compute the patient's local date once a row instead of four times.
COUNT_MEASURED_DAYS_SQL = f"""(
    SELECT bit_count((moved & {(1 << MEASURED_DAYS_WINDOW) - 1})::bit(64)) FROM (
        SELECT CASE WHEN ago >= {MEASURED_DAYS_BITS} THEN 0 WHEN ago >= 0 THEN days << ago ELSE days >> -ago END
            AS moved
        FROM (
            SELECT days, timezone(zone, now())::date - until AS ago
            FROM (SELECT %(expressions)s) AS stored(days, zone, until) OFFSET 0
        ) AS aged
    ) AS counted
)"""  # noqa: S608 - made of constants
MEASURED_DAY_COUNT = Coalesce(
    Func(
        F("overview__measured_days_mask"),
        F("time_zone"),
        F("overview__last_measured_on"),
        template=COUNT_MEASURED_DAYS_SQL,
        output_field=IntegerField(),
    ),
    Value(0),
    output_field=IntegerField(),
)

SORT_COLUMNS = (
    ListColumn("Patient", "name", descending_label="Z to A", ascending_label="A to Z"),
    ListColumn("Blood pressure", "blood_pressure", "mmHg", F("overview__systolic")),
    ListColumn(
        "Weight, gain",
        "weight",
        "lb",
        RECENT_WEIGHT_GAIN,
        descending_label="most gained first",
        ascending_label="most lost first",
    ),
    ListColumn("Glucose", "glucose", "mg/dL", F("overview__glucose")),
    ListColumn("SpO₂", "spO2", "%", F("overview__spo2")),
    ListColumn(
        "Last reading",
        "last",
        value=F("overview__last_at"),
        descending_label="newest first",
        ascending_label="oldest first",
    ),
    ListColumn(
        "Days measured",
        "days",
        value=MEASURED_DAY_COUNT,
        is_nullable=False,
        descending_label="most first",
        ascending_label="fewest first",
    ),
)
SORT_COLUMNS_BY_KEY = {column.key: column for column in SORT_COLUMNS}
COLUMNS = (*SORT_COLUMNS, ListColumn("30 days"), ListColumn("Devices"))
