"""Patient-days of a clinic in a range: days under monitoring, and those of them with a reading.

A day is the patient's local day. A monitoring period counts with its first and last day; a reading day outside of all
periods doesn't count, so that measured days are a share of the monitored ones.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass

from django.db import connection

from measurements.local_days import ONE_DAY, LocalDays
from measurements.models import ReadingDay
from patients.models import Clinic, MonitoringPeriod, Patient

# Materialised, so that the ends of a period are computed once and not for each of its reading days; the range stated
# once more, so that the planner knows how few days it holds: 0.2 s instead of 0.4 s for 28 days of 10,000 patients.
MONITORED_SQL = f"""
WITH monitored AS MATERIALIZED (
    SELECT period.patient_id,
        greatest((period.started_at AT TIME ZONE patient.time_zone)::date, %(first)s) AS first,
        least((period.ended_at AT TIME ZONE patient.time_zone)::date, %(last)s) AS last
    FROM {MonitoringPeriod._meta.db_table} AS period
    JOIN {Patient._meta.db_table} AS patient ON patient.id = period.patient_id
    WHERE patient.clinic_id = %(clinic)s
)
"""  # noqa: S608  our own tables' names only
SPANS_SQL = f"""
{MONITORED_SQL}
SELECT first, last, count(*) FROM monitored WHERE first <= last GROUP BY first, last
"""  # noqa: S608  our own tables' names only
MEASURED_SQL = f"""
{MONITORED_SQL}
SELECT reading_day.day, count(*) FROM monitored
JOIN {ReadingDay._meta.db_table} AS reading_day
    ON reading_day.patient_id = monitored.patient_id AND reading_day.day BETWEEN monitored.first AND monitored.last
WHERE reading_day.day BETWEEN %(first)s AND %(last)s
GROUP BY reading_day.day
"""  # noqa: S608  our own tables' names only


@dataclass(frozen=True)
class MonitoredDays:
    """Number of patients by day: under monitoring, and with a reading."""

    monitored: Counter[dt.date]
    measured: Counter[dt.date]


def count_monitored_days(clinic: Clinic, days: LocalDays) -> MonitoredDays:
    values: dict[str, int | dt.date] = {"clinic": clinic.pk, "first": days.first, "last": days.last}
    monitored: Counter[dt.date] = Counter()
    with connection.cursor() as cursor:
        cursor.execute(SPANS_SQL, values)
        for first, last, patients in cursor.fetchall():
            monitored.update({first + ONE_DAY * n: patients for n in range((last - first).days + 1)})
        cursor.execute(MEASURED_SQL, values)
        return MonitoredDays(monitored, Counter(dict(cursor.fetchall())))
