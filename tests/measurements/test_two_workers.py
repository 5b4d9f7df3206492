"""What two workers do at the same moment, each in a transaction of its own."""

import threading

import pytest
from django.db import connection, transaction

from measurements.ingest import pipeline
from measurements.models import Measurement
from tests.factories import DeviceFactory
from tests.measurements.vendor import item, keep

pytestmark = pytest.mark.django_db(transaction=True)


def work(done):
    try:
        pipeline.ingest_waiting(seconds=5)
        done.set()
    finally:
        connection.close()


def test_the_two_sides_of_a_conflict_are_marked_though_two_workers_store_them(rosa):
    cuff = DeviceFactory(patient=rosa)
    done = threading.Event()
    keep(item(cuff, filter_params=None))
    with transaction.atomic():
        pipeline.ingest_waiting(seconds=5)
        with_other = threading.Thread(target=work, args=(done,))
        keep_elsewhere(item(cuff, filter_params=None, value_1="151.00"))
        with_other.start()
        assert not done.wait(1), "the second worker goes on only when the first has committed"
    with_other.join()

    assert list(Measurement.objects.values_list("conflict", flat=True)) == [True, True]


def keep_elsewhere(body):
    """Committed by a connection of its own: the first worker's transaction is still open."""

    def committed():
        try:
            keep(body)
        finally:
            connection.close()

    keeper = threading.Thread(target=committed)
    keeper.start()
    keeper.join()
