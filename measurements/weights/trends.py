"""Weight trends of patients: trusted weights of the days up to each patient's newest one, and what they amount to."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection
from itertools import groupby
from operator import itemgetter
from zoneinfo import ZoneInfo

from django.db import connection

from measurements.local_days import is_recent
from measurements.models.reading_rules import TRUSTED
from measurements.thresholds.evaluation import PatientThresholds
from measurements.thresholds.judgement import Judgement, judge_gain
from measurements.units import Unit
from measurements.weights.figures import USUAL_WEIGHT_DAYS, WeightTrend, weight_trend
from patients.models import Patient
from patients.models.clinic import DayWeight

TRUSTED_WEIGHT_SQL = f"""
    reading.patient_id = patient.id AND reading.metric_id = 'weight' AND {TRUSTED.sql("reading")}
"""
# Two days more than are compared: the local days of a zone are up to an hour longer, and end at its midnight.
RECENT_WEIGHTS_SQL = f"""
SELECT patient.id, patient.time_zone, clinic.day_weight, dry.weight::float8, recent.taken_at, recent.value_1::float8
FROM patients_patient AS patient
JOIN patients_clinic AS clinic ON clinic.id = patient.clinic_id
CROSS JOIN LATERAL (
    SELECT reading.taken_at FROM measurements_measurement AS reading WHERE {TRUSTED_WEIGHT_SQL}
    ORDER BY reading.taken_at DESC LIMIT 1
) AS newest
CROSS JOIN LATERAL (
    SELECT reading.taken_at, reading.value_1 FROM measurements_measurement AS reading WHERE {TRUSTED_WEIGHT_SQL}
        AND reading.taken_at BETWEEN newest.taken_at - interval '{USUAL_WEIGHT_DAYS + 2} days' AND newest.taken_at
) AS recent
LEFT JOIN LATERAL (
    SELECT own.weight FROM measurements_dryweight AS own WHERE own.patient_id = patient.id ORDER BY own.id DESC LIMIT 1
) AS dry ON true
WHERE patient.id = ANY(%s)
ORDER BY patient.id
"""  # noqa: S608 - made of constants


def fetch_weight_trends(patients: Collection[uuid.UUID]) -> dict[uuid.UUID, WeightTrend]:
    """Of each patient who has a trusted weight, in one query."""
    with connection.cursor() as cursor:
        cursor.execute(RECENT_WEIGHTS_SQL, [list(patients)])
        rows = cursor.fetchall()
    found = {}
    for (patient_id, zone, rule, dry), weights in groupby(rows, key=itemgetter(0, 1, 2, 3)):
        taken = [(taken_at, pounds) for *_, taken_at, pounds in weights]
        if trend := weight_trend(taken, zone=ZoneInfo(zone), rule=DayWeight(rule), dry=dry):
            found[patient_id] = trend
    return found


def judge_trend(trend: WeightTrend | None, unit: Unit, thresholds: PatientThresholds) -> Judgement | None:
    """The change from the usual weight against its goal; None without a usual weight."""
    return None if trend is None or trend.from_usual is None else judge_gain(trend.from_usual, unit, thresholds)


def fetch_current_trend(patient: Patient, *, now: dt.datetime) -> WeightTrend | None:
    """None if the newest weight is no recent one."""
    trend = fetch_weight_trends([patient.pk]).get(patient.pk)
    return trend if trend and is_recent(trend.taken_at, now=now, zone=patient.zone) else None
