"""Tasks as a worker runs them: no transaction around them, the real client, the simulated vendor."""

import uuid
from contextlib import contextmanager

import pytest
from django.db import connection

from devices import tenovi
from devices.models import VendorCall
from fulfillment import tasks
from fulfillment.ordering import orders
from tests.factories import DeviceTypeFactory, KitFactory
from tests.simulated_vendor import SHIPPING_ADDRESS, device_posts, open_tenovi_client


@pytest.fixture
def simulated_vendor(sim, monkeypatch):
    @contextmanager
    def lane():
        with open_tenovi_client(sim) as client:
            yield client

    monkeypatch.setattr(tenovi, "user_client", lane)
    return sim


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
