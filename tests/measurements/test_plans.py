"""What a new reading is compared with is found by index: with a million rows as with a thousand."""

import datetime as dt

import pytest
from django.db import connection

from measurements import marks, old_payloads
from measurements.models import Measurement
from tests.factories import DeviceFactory
from tests.measurements.vendor import deliver, item

pytestmark = pytest.mark.django_db


@pytest.fixture
def rows(rosa):
    cuff = DeviceFactory(patient=rosa)
    taken = [dt.datetime(2026, 9, day, 8, tzinfo=dt.UTC).isoformat() for day in range(1, 20)]
    deliver([item(cuff, timestamp=time, estimated_timestamp=True) for time in taken])
    return list(Measurement.objects.values_list("pk", flat=True))


def plan(statement, values):
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")  # with nineteen rows a planner would not trouble an index
        cursor.execute("SET LOCAL enable_hashjoin = off")
        cursor.execute("SET LOCAL enable_mergejoin = off")
        cursor.execute(f"EXPLAIN (COSTS off) {statement}", values)
        return "\n".join(line for (line,) in cursor.fetchall())


@pytest.mark.parametrize("statement", [marks.DUPLICATE_OF_ESTIMATED, marks.DUPLICATE_BY_ESTIMATE])
def test_probable_duplicates_are_looked_for_by_device_metric_and_time(rows, statement):
    found = plan(statement, {"ids": rows, "within": marks.DUPLICATE_WITHIN})

    assert "on measurements_measurement other" in found
    assert "(taken_at >=" in found


def test_conflicts_are_looked_for_by_the_moment(rows):
    assert "using measurement_kept_once" in plan(marks.CONFLICT, [rows])


def test_devices_of_the_first_payload_generation_are_found_by_an_index_of_few(rows):
    assert "measurement_old_payload" in plan(old_payloads.ANY_OLD, [[1, 2, 3]])
