"""What a new reading is compared with is found by index: with a million rows as with a thousand."""

import datetime as dt

import pytest
from django.db import connection

from measurements.ingest import legacy_payloads, patient_summaries, quality_flags
from measurements.models import Measurement
from tests.factories import DeviceFactory

pytestmark = pytest.mark.django_db
HOUR = dt.timedelta(hours=1)


@pytest.fixture
def rows(rosa):
    """The newest three of four thousand: enough for the planner to care."""
    cuff, start = DeviceFactory(patient=rosa), dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    old = [
        Measurement(device=cuff, patient=rosa, metric_id="pulse", taken_at=start + n * HOUR, value_1=60 + n % 9,
                    estimated=n % 2 == 0)
        for n in range(4_000)
    ]  # fmt: skip
    kept = Measurement.objects.bulk_create(old)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE measurements_measurement")
    return [row.pk for row in kept[-3:]]


def plan(statement, values):
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (COSTS off) {statement}", values)
        return "\n".join(line for (line,) in cursor.fetchall())


@pytest.mark.parametrize("statement", [quality_flags.DUPLICATE_OF_ESTIMATED, quality_flags.DUPLICATE_BY_ESTIMATE])
def test_probable_duplicates_are_looked_for_by_device_metric_and_time(rows, statement):
    found = plan(statement, {"ids": rows, "within": quality_flags.DUPLICATE_WITHIN})

    assert "(taken_at >=" in found
    assert "Seq Scan on measurements_measurement" not in found


def test_conflicts_are_looked_for_by_the_moment(rows):
    assert "using measurement_kept_once" in plan(quality_flags.CONFLICT, [rows])


def test_devices_of_the_first_payload_generation_are_found_by_an_index_of_few(rows):
    assert "measurement_old_payload" in plan(legacy_payloads.ANY_OLD, [[1, 2, 3]])


def test_days_of_rows_just_written_look_up_each_time_zone_by_its_key(rows, rosa):
    """Joined, they took 0.3 s of a batch now and then: PostgreSQL has not counted yet what has just been written."""
    cuff, start = DeviceFactory(patient=rosa), dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    new = [Measurement(device=cuff, patient=rosa, metric_id="pulse", taken_at=start + n * HOUR, value_1=60)
           for n in range(500)]  # fmt: skip
    ids = [row.pk for row in Measurement.objects.bulk_create(new)]

    found = plan(patient_summaries.DAYS_OF_NEW, {"ids": ids})

    assert "SubPlan" in found  # not a join of any kind
    assert "Seq Scan on measurements_measurement" not in found
