"""Two workers that ingest at the same time, each in its own transaction."""

import datetime as dt
import threading

import pytest
from django.db import connection, transaction
from django.utils import timezone

from measurements.ingest import pipeline
from measurements.models import Measurement
from tests.factories import DeviceFactory
from tests.measurements.webhook_items import measurement_item, receive_delivery

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
