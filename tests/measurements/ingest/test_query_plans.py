"""What a new reading is compared with is found by index: with a million rows as with a thousand."""

import datetime as dt
import itertools

import pytest
from django.db import connection

from measurements.ingest import insert, legacy_payloads, placement, quality_flags, reading_days
from measurements.models import Measurement
from measurements.weeks import week_figures
from tests.factories import DeviceFactory

pytestmark = pytest.mark.django_db
START, HOUR = dt.datetime(2026, 1, 1, tzinfo=dt.UTC), dt.timedelta(hours=1)


def create_pulses(patient, *, count):
    cuff = DeviceFactory(patient=patient)
    return Measurement.objects.bulk_create(
        Measurement(device=cuff, patient=patient, metric_id="pulse", taken_at=START + n * HOUR, value_1=60 + n % 9,
                    estimated=n % 2 == 0)
        for n in range(count)
    )  # fmt: skip


@pytest.fixture
def rows(rosa):
    """The newest three of four thousand: enough for the planner to care."""
    stored = create_pulses(rosa, count=4_000)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE measurements_measurement")
    return [row.pk for row in stored[-3:]]


def explain_statement(statement, values):
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (COSTS off) {statement}", values)
        return "\n".join(line for (line,) in cursor.fetchall())


FLAGGING_STATEMENTS = {
    "duplicates": quality_flags.FLAG_DUPLICATES_SQL,
    "conflicts": quality_flags.FLAG_CONFLICTS_SQL,
    "pressures": quality_flags.FLAG_PRESSURES_SQL,
}


def test_flagging_statements_search_index_for_each_new_reading(rows):
    """Whatever PostgreSQL believes of the table: none of its ways to join is used for readings."""
    joins = ("nestloop", "hashjoin", "mergejoin")
    for join, (name, statement) in itertools.product(joins, FLAGGING_STATEMENTS.items()):
        with connection.cursor() as cursor:
            for each in joins:
                cursor.execute(f"SET LOCAL enable_{each} = {'on' if each == join else 'off'}")

        found = explain_statement(statement, quality_flags.DUPLICATE_PARAMETERS | {"ids": rows})

        assert "(identity_at" in found, (name, join)
        assert "Seq Scan on measurements_measurement" not in found, (name, join)


def test_insert_compares_each_new_reading_by_index(rows):
    values = insert.CONSTANT_PARAMETERS | {"rows": "[]", "source": "webhook"}

    found = explain_statement(insert.INSERT_READINGS_SQL, values)

    assert found.count("using measurement_kept_once") == 2
    assert "Seq Scan on measurements_measurement" not in found


def test_week_query_searches_index_for_each_patient(rosa):
    values = {"patients": [rosa.pk], "starts": [START], "ends": [START + 7 * 24 * HOUR], "vitals": ["pulse"],
              "averaged": ["blood_pressure"]}  # fmt: skip
    create_pulses(rosa, count=4_000)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_nestloop = off")

    assert "Seq Scan on measurements_measurement" not in explain_statement(week_figures.WEEK_READINGS_SQL, values)


def test_placed_stamps_query_uses_partial_index(rows):
    found = explain_statement(
        placement.PLACED_STAMPS_SQL, [[1, 2, 3], *Measurement.objects.values_list("taken_at", flat=True)[:2]]
    )

    assert "measurement_clock_ahead" in found


def test_legacy_payload_query_uses_partial_index(rows):
    assert "measurement_old_payload" in explain_statement(legacy_payloads.LEGACY_DEVICES_SQL, [[1, 2, 3]])


def test_patient_summary_query_of_new_rows_fetches_time_zone_by_primary_key(rows, rosa):
    """Joined, they took 0.3 s of a batch now and then: PostgreSQL has not counted yet what has just been written."""
    ids = [row.pk for row in create_pulses(rosa, count=500)]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")  # of a table as small as here it may be as good

    found = explain_statement(reading_days.INSERT_DAYS_OF_NEW_READINGS_SQL, [ids])

    assert "SubPlan" in found  # not a join of any kind
    assert "Seq Scan on measurements_measurement" not in found
