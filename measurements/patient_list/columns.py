"""Columns of the patient list and what each sorts by: one row of `PatientSummary` per patient, never readings."""

from __future__ import annotations

from django.db.models import Case, DateTimeField, F, Func, Q, Value, When
from django.db.models.functions import Coalesce, Now

from measurements.models.patient_summary import measured_day_count
from measurements.weights.figures import USUAL_WEIGHT_DAYS
from patients.lists.sorting import ListColumn

MEASURED_DAYS_WINDOW = 30
TIE_KEYS = ("family_name", "given_name", "pk")

WEEK_AGO = Func(
    Now(), template=f"(%(expressions)s - interval '{USUAL_WEIGHT_DAYS} days')", output_field=DateTimeField()
)
# As the row shows it: only of patients who weighed themselves in the last week.
RECENT_WEIGHT_GAIN = Case(When(Q(summary__weight_at__gte=WEEK_AGO), then=F("summary__weight_gain")))

MEASURED_DAY_COUNT = Coalesce(
    measured_day_count(days=MEASURED_DAYS_WINDOW, now=Now(), summary="summary__", patient=""), Value(0)
)

SORT_COLUMNS = (
    ListColumn("Patient", "name", descending_label="Z to A", ascending_label="A to Z"),
    ListColumn("Blood pressure", "blood_pressure", "mmHg", F("summary__systolic")),
    ListColumn(
        "Weight, gain",
        "weight",
        "lb",
        RECENT_WEIGHT_GAIN,
        descending_label="most gained first",
        ascending_label="most lost first",
    ),
    ListColumn("Glucose", "glucose", "mg/dL", F("summary__glucose")),
    ListColumn("SpO₂", "spO2", "%", F("summary__spo2")),
    ListColumn(
        "Last reading",
        "last",
        value=F("summary__last_at"),
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
