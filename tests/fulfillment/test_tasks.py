"""Tasks as a worker runs them: no transaction around them, the real client, the vendor on the wire."""

import uuid
from contextlib import contextmanager

import pytest
from django.db import connection

from devices import tenovi
from devices.models import VendorCall
from fulfillment import tasks
from fulfillment.ordering import orders
from tests.factories import DeviceTypeFactory, KitFactory
from tests.vendor import HOME, a_client, posts


@pytest.fixture
def on_the_wire(sim, monkeypatch):
    @contextmanager
    def lane():
        with a_client(sim) as client:
            yield client

    monkeypatch.setattr(tenovi, "people_lane", lane)
    return sim


@pytest.mark.django_db(transaction=True)
def test_an_order_of_three_devices_is_sent_by_one_run_of_the_task(rosa, elm, scale, cuff, cora, on_the_wire):
    oximeter = DeviceTypeFactory(name="Tenovi Pulse Ox", sensor_code="11")
    kit = KitFactory(clinic=elm, items=[(cuff, 1), (scale, 1), (oximeter, 1)])
    order = orders.place(patient=rosa, kit=kit, ship_to=HOME, by=cora, submission_id=uuid.uuid4())
    assert not connection.in_atomic_block

    tasks.send_calls()

    assert set(VendorCall.objects.values_list("state", flat=True)) == {"confirmed"}
    assert set(order.lines.values_list("status", flat=True)) == {"requested"}
    assert len(posts(on_the_wire)) == 3
