"""Years of readings by COPY: one history per patient, in the order in which readings arrive."""

import contextlib
import datetime as dt
import itertools
import random

SEED = 20261121
VARIANTS = 64  # different series of values; a patient has one of them
HALF_A_DAY = dt.timedelta(hours=12)
VALUES = {
    "blood_pressure": (100, 180),
    "pulse": (55, 100),
    "weight": (170, 186),
    "glucose": (70, 260),
    "spO2": (86, 99),
}
LOW = VALUES | {"blood_pressure": (90, 99)}
# Twice a day a blood pressure with its pulse and, a minute later, one of the others.
OTHERS = ("weight", "glucose", "spO2")
COPY = """
COPY measurements_measurement (patient_id, device_id, metric_id, taken_at, index, value_1, value_2, time_source,
    estimated, received_at, source, raw_metric, hardware_uuid, sensor_code, filter_params, conflict, duplicate,
    implausible, control, excluded_reason, beyond_meter)
FROM STDIN
"""
NEWEST = """
INSERT INTO measurements_latestreading (patient_id, metric_id, measurement_id, taken_at, value_1, value_2, estimated,
    conflict, implausible, beyond_meter)
SELECT patient.id, metric.code, newest.* FROM patients_patient AS patient CROSS JOIN measurements_metric AS metric
CROSS JOIN LATERAL (
    SELECT id, taken_at, value_1, value_2, estimated, conflict, implausible, beyond_meter FROM measurements_measurement
    WHERE patient_id = patient.id AND metric_id = metric.code ORDER BY taken_at DESC LIMIT 1
) AS newest
WHERE patient.id = ANY(%s)
ON CONFLICT DO NOTHING
"""
# Those of constraints stay: the primary key's grows at its end alone.
INDEXES = """
SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
WHERE indrelid = 'measurements_measurement'::regclass
    AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid) ORDER BY 1
"""


def write_readings(holders, numbers, *, values=VALUES, late=range(1)):
    """Readings of every holder (patient, device), by their `numbers` back from now, with latest readings and summaries.

    `late`: by how many minutes the newest of each may be older than now.
    """
    from django.db import connection, transaction

    from measurements.ingest import patient_summaries
    from measurements.weeks import week_figures

    patients = [patient for patient, _ in holders]
    with transaction.atomic(), connection.cursor() as cursor, without_indexes(cursor):
        # No checks of foreign keys, row by row: these have just been read.
        cursor.execute("SET LOCAL session_replication_role = replica")
        copy_rows(cursor, holders, numbers, values, late)
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(NEWEST, [patients])
        for n in range(0, len(patients), 500):
            patient_summaries.rebuild_patient_summaries(patients[n : n + 500])
            week_figures.refresh_weeks(patients[n : n + 500])


@contextlib.contextmanager
def without_indexes(cursor):
    cursor.execute(INDEXES)
    before = cursor.fetchall()
    for name, _ in before:
        cursor.execute(f"DROP INDEX {name}")
    yield
    cursor.execute("SET LOCAL maintenance_work_mem = '1GB'")
    for _, made_by in before:
        cursor.execute(made_by)
    cursor.execute(INDEXES)
    # The definitions may be printed with another spelling of the same lists.
    assert [name for name, _ in cursor.fetchall()] == [name for name, _ in before]


def copy_rows(cursor, holders, numbers, values, late):
    """All patients' readings of one time after another, so that a patient's rows are as scattered as in production."""
    chance, now = random.Random(SEED), dt.datetime.now(dt.UTC).replace(microsecond=0)
    starts = [now - dt.timedelta(minutes=chance.choice(late)) for _ in range(VARIANTS)]
    heads = [(f"{patient}\t{device}\t", n % VARIANTS) for n, (patient, device) in enumerate(holders)]
    with cursor.copy(COPY) as rows:
        for nth in reversed(numbers):
            tails = [reading_columns(nth, start, now, values, chance) for start in starts]
            rows.write("".join([head + tails[variant] for head, variant in heads]))


def reading_columns(nth, start, now, values, chance):
    session, place = divmod(nth, 3)
    at = start - HALF_A_DAY * session - dt.timedelta(minutes=place // 2)
    metric = ("blood_pressure", "pulse", OTHERS[session % 3])[place]
    second = chance.randint(60, 100) if metric == "blood_pressure" else r"\N"
    words = (
        metric,
        at,
        session % 60_000,
        chance.randint(*values[metric]),
        second,
        "timestamp",
        "f",
        now,
        "pull",
        metric,
        "A1B2C3D4E5F6",
        "10",
        "{}",
    )
    return "\t".join(str(word) for word in (*words, *itertools.repeat("f", 4), "", "\n"))
