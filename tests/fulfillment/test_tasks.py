"""Tasks as a worker runs them: no transaction around them, the real client, the simulated vendor."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext

import pytest
from django.db import connection
from django.utils import timezone

from devices import tenovi
from devices.models import VendorCall
from devices.models.vendor_call import CallState
from devices.tasks import refresh_requested_gateways
from devices.vendor_reads import USER_READS
from fulfillment import tasks
from fulfillment.ordering import orders
from patients.queueing import periodic_jobs
from tests.factories import DeviceTypeFactory, GatewayFactory, KitFactory, VendorCallFactory
from tests.simulated_vendor import SHIPPING_ADDRESS, device_posts, open_tenovi_client


@pytest.fixture
def simulated_vendor(sim, monkeypatch):
    @contextmanager
    def lane():
        with open_tenovi_client(sim) as client:
            yield client

    monkeypatch.setattr(tenovi, "user_client", lane)
    return sim


@pytest.mark.parametrize("task", [tasks.search_calls, tasks.refresh_devices, refresh_requested_gateways])
@pytest.mark.django_db(transaction=True)
def test_reads_for_users_are_left_to_the_process_that_is_reading(monkeypatch, task):
    VendorCallFactory(state=CallState.UNKNOWN, unknown_since=timezone.now(), search_after=timezone.now())
    GatewayFactory(lookup_requested_at=timezone.now())
    opened = []
    monkeypatch.setattr(tenovi, "user_client", lambda: opened.append(task) or nullcontext(None))

    with ThreadPoolExecutor(1) as other_process, periodic_jobs.run_exclusively(USER_READS):
        other_process.submit(run_and_disconnect, task).result()
        assert opened == []
    task()
    assert opened == [task]


def run_and_disconnect(task):
    try:
        task()
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_send_calls_task_sends_order_of_three_devices_in_one_run(rosa, elm, scale, cuff, cora, simulated_vendor):
    oximeter = DeviceTypeFactory(name="Tenovi Pulse Ox", sensor_code="11")
    kit = KitFactory(clinic=elm, items=[(cuff, 1), (scale, 1), (oximeter, 1)])
    order = orders.place(patient=rosa, kit=kit, ship_to=SHIPPING_ADDRESS, by=cora, submission_id=uuid.uuid4())
    assert not connection.in_atomic_block

    tasks.send_calls()

    assert set(VendorCall.objects.values_list("state", flat=True)) == {"confirmed"}
    assert set(order.lines.values_list("status", flat=True)) == {"requested"}
    assert len(device_posts(simulated_vendor)) == 3
