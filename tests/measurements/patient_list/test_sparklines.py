"""Patient list: the sparkline of each patient, its metric, bounds and goal."""

import re

import pytest

from tests.factories import PatientFactory
from tests.measurements.patient_list.list_page import add_reading

pytestmark = pytest.mark.django_db


def test_patient_list_sparkline_breaks_line_at_gaps(as_nadia, rosa):
    for day, value in ((0, 120), (1, 140), (2, 130), (9, 150), (40, 200)):
        add_reading(rosa, "blood_pressure", value, hours_ago=24 * day + 1)
    add_reading(rosa, "blood_pressure", 250, hours_ago=30, conflict=True)

    spark = as_nadia.get("/patients/").context["rows"][0].sparkline

    assert spark.description == "Systolic 120 to 150 mmHg in 30 days, bound of the goal 130"
    assert re.sub(r"[\d. ]", "", spark.path) == "MhMhLL"
    assert spark.path.startswith("M65.4 9.4h0M87.7 ")
    assert spark.path.endswith("L94.0 16.8")


def test_patient_list_sparkline_follows_condition_of_the_patient(as_nadia, elm):
    def drawn(*conditions, codes=("blood_pressure", "weight", "glucose", "spO2")):
        patient = PatientFactory(clinic=elm, family_name="-".join(conditions), conditions=list(conditions))
        for code in codes:
            add_reading(patient, code, 100)
        rows = as_nadia.get("/patients/").context["rows"]
        return next(row.sparkline.metric.pk for row in rows if row.patient == patient)

    assert drawn("copd") == "spO2"
    assert drawn("hypertension", "heart_failure") == "weight"
    assert drawn("diabetes", "hypertension") == "glucose"
    assert drawn("hypertension") == drawn() == "blood_pressure"
    assert drawn("copd", codes=("blood_pressure",)) == "blood_pressure", "what the patient measures"


def test_patient_list_sparkline_has_true_bounds_on_stable_limits_and_a_goal_line(as_nadia, rosa):
    """Two readings of one day: the line is drawn through their mean, the bounds are those of the readings."""
    for value, hours in ((112, 3), (148, 2), (130, 26)):
        add_reading(rosa, "blood_pressure", value, hours_ago=hours)

    spark = as_nadia.get("/patients/").context["rows"][0].sparkline

    assert (spark.label, spark.lowest, spark.highest) == ("Systolic 112\N{EN DASH}148", 112, 148)
    assert spark.path.endswith("L94.0 14.3"), "130 of 50 to 180, not the upper edge of its own range"
    assert spark.goal_path == "M2 14.3H94"
    assert spark.description == "Systolic 112 to 148 mmHg in 30 days, bound of the goal 130"


def test_patient_list_sparkline_of_weight_has_the_goal_of_the_gain(as_nadia, elm):
    patient = PatientFactory(clinic=elm, conditions=["heart_failure"])
    for day in range(6):
        add_reading(patient, "weight", 180, hours_ago=24 * day + 1)

    spark = as_nadia.get("/patients/").context["rows"][0].sparkline

    assert (spark.label, spark.goal_bounds) == ("Weight 180.0", (183.0,))
