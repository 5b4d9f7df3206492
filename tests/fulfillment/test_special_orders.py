import itertools
import json

import pytest

from devices.inbox import processing
from devices.models import Delivery
from fulfillment.models import SpecialOrder
from fulfillment.special_orders import processing as special_orders

KIND = Delivery.Kind.SPECIAL_ORDER
PENDING = {
    "request_id": "b0f1c2d3",
    "order_number": "SO-31010",
    "order_type": "RE",
    "hardware_uuid": "77aa-88bb-99cc",
    "client_device_id": "0b7e6a52-5d1c-4c1e-9a57-3f6f0b1f2a10",
    "patient_id": None,
    "status": "Pending",
    "created_on": "2026-09-15T09:00:00.000000Z",
    "updated_on": "2026-09-15T09:00:00.000000Z",
    "tracking_link": None,
    "contents": [{"name": "Gateway", "quantity": 1, "kit_id": None}],
    "manifest": {"gateway_ids": [], "imeis": []},
}
SHIPPED = PENDING | {"status": "Shipped", "updated_on": "2026-09-16T09:00:00Z"}
DELIVERED = PENDING | {"status": "Delivered", "updated_on": "2026-09-18T09:00:00Z"}


def post(body):
    processing.receive(kind=KIND, body=body if isinstance(body, bytes) else json.dumps(body).encode())
    processing.drain(KIND, special_orders.take_in)
    processing.drain(KIND, special_orders.take_in)
    return Delivery.objects.filter(parent=None).latest("pk")


@pytest.mark.parametrize("history", list(itertools.permutations((PENDING, SHIPPED, DELIVERED))))
def test_the_newest_update_wins_in_whatever_order_they_come(db, history):
    for body in history:
        post(body)

    assert SpecialOrder.objects.get().status == "Delivered"


def test_it_belongs_to_the_patient_whose_account_it_names(rosa):
    post(PENDING | {"patient_id": rosa.external_id.upper()})

    kept = SpecialOrder.objects.get()
    assert kept.patient == rosa
    assert kept.hardware_uuid == "77AA88BB99CC"


def test_a_list_is_taken_item_by_item(db):
    post([PENDING, {"status": "Shipped"}, SHIPPED | {"request_id": "other"}])

    assert SpecialOrder.objects.count() == 2
    assert Delivery.objects.filter(state=Delivery.State.QUARANTINED).count() == 1


def test_an_update_without_a_time_replaces_nothing(db):
    post(SHIPPED)

    post(PENDING | {"updated_on": None})

    assert SpecialOrder.objects.get().status == "Shipped"


@pytest.mark.parametrize(
    "body",
    [
        b"nonsense",
        {},
        PENDING | {"request_id": " "},
        PENDING | {"request_id": 7},
        PENDING | {"updated_on": "10000-01-01T00:00:00Z"},
        PENDING | {"updated_on": "yesterday"},
        PENDING | {"updated_on": "1999-01-01T00:00:00Z"},
    ],
)
def test_what_can_not_be_used_is_quarantined(db, body):
    assert post(body).state == Delivery.State.QUARANTINED
    assert not SpecialOrder.objects.exists()


def test_odd_contents_are_left_out(db):
    post(PENDING | {"contents": "a gateway", "manifest": [1, 2]})

    kept = SpecialOrder.objects.get()
    assert (kept.contents, kept.manifest) == ([], {})
