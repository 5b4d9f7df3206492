"""Two workers that ingest at the same time, each in its own transaction."""

import datetime as dt
import threading
import time

import pytest
from django.db import connection, transaction
from django.utils import timezone

from devices.inbox import payload_parsing
from measurements.ingest import pipeline
from measurements.models import LatestReading, Measurement
from patients.models import Patient
from tests.factories import DeviceFactory, PatientFactory
from tests.measurements.webhook_items import measurement_item, receive_and_ingest, receive_delivery

pytestmark = pytest.mark.django_db(transaction=True)


def ingest_in_thread(done):
    try:
        pipeline.ingest_waiting_deliveries(seconds=5)
        done.set()
    finally:
        connection.close()


def test_ingest_flags_both_conflicting_readings_stored_by_two_workers(rosa):
    cuff = DeviceFactory(patient=rosa)
    done = threading.Event()
    receive_delivery(measurement_item(cuff, filter_params=None))
    with transaction.atomic():
        pipeline.ingest_waiting_deliveries(seconds=5)
        with_other = threading.Thread(target=ingest_in_thread, args=(done,))
        receive_in_other_connection(measurement_item(cuff, filter_params=None, value_1="151.00"))
        with_other.start()
        assert not done.wait(1), "the second worker goes on only when the first has committed"
    with_other.join()

    assert list(Measurement.objects.values_list("conflict", flat=True)) == [True, True]


def test_ingest_gives_pulse_of_another_worker_the_place_of_its_pressure(rosa):
    cuff, stamp = DeviceFactory(patient=rosa), (timezone.now() + dt.timedelta(hours=10)).isoformat()
    done = threading.Event()
    receive_delivery(measurement_item(cuff, timestamp=stamp))
    with transaction.atomic():
        pipeline.ingest_waiting_deliveries(seconds=5)
        with_other = threading.Thread(target=ingest_in_thread, args=(done,))
        receive_in_other_connection(measurement_item(cuff, metric="pulse", value_1="76", timestamp=stamp))
        with_other.start()
        assert not done.wait(1), "the second worker goes on only when the first has committed"
    with_other.join()

    assert len(set(Measurement.objects.values_list("taken_at", flat=True))) == 1
    assert Measurement.objects.count() == 2


def receive_in_other_connection(body):
    """Committed by a connection of its own: the first worker's transaction is still open."""

    def committed():
        try:
            receive_delivery(body)
        finally:
            connection.close()

    keeper = threading.Thread(target=committed)
    keeper.start()
    keeper.join()


def test_pull_locks_no_patient_before_the_latest_readings_of_all(rosa):
    """Of Rosa a stored reading is completed, of the other patient one is new; another worker holds what is his and then
    needs Rosa."""
    scale, other_scale = DeviceFactory(patient=rosa), DeviceFactory(patient=PatientFactory())
    receive_and_ingest(legacy_weight(scale, timestamp=...))
    receive_and_ingest(legacy_weight(other_scale))
    done = threading.Event()
    pulled = [
        payload_parsing.parse_item(legacy_weight(scale, timestamp="2026-09-20T12:00:00Z")),
        payload_parsing.parse_item(legacy_weight(other_scale, timestamp="2026-09-21T12:00:00Z")),
    ]
    with transaction.atomic():
        list(LatestReading.objects.filter(patient=other_scale.patient).select_for_update())
        with_other = threading.Thread(target=pull_in_thread, args=(pulled, done))
        with_other.start()
        wait_until_blocked()
        list(Patient.objects.filter(pk=rosa.pk).select_for_update(no_key=True, nowait=True))
    with_other.join()

    assert done.is_set()
    assert Measurement.objects.filter(patient=rosa).get().taken_at.hour == 12
    assert Measurement.objects.filter(patient=other_scale.patient).count() == 2


def legacy_weight(device, **changes):
    created = {"created": "2026-09-20T12:30:00.000000Z", "filter_params": None}
    return measurement_item(device, metric="weight", value_1="187.40", value_2="0.00", **created | changes)


def pull_in_thread(items, done):
    try:
        with transaction.atomic():
            pipeline.ingest_pulled_items(items)
        done.set()
    finally:
        connection.close()


def wait_until_blocked():
    """Until another connection waits for a lock of this one. `pg_stat_activity` would not change in a transaction."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute("SELECT FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))")
            if cursor.rowcount:
                return
        time.sleep(0.02)
    raise AssertionError("no connection waits for a lock")
