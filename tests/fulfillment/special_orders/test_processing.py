import itertools
import json

import pytest

from devices.inbox import processing
from devices.models import Delivery
from fulfillment.special_orders import processing as special_orders
from fulfillment.special_orders.models import SpecialOrder

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


def process_webhook(body):
    processing.receive_delivery(kind=KIND, body=body if isinstance(body, bytes) else json.dumps(body).encode())
    processing.process_due_deliveries(KIND, special_orders.process_special_order_deliveries)
    processing.process_due_deliveries(KIND, special_orders.process_special_order_deliveries)
    return Delivery.objects.filter(parent=None).latest("pk")


@pytest.mark.parametrize("history", list(itertools.permutations((PENDING, SHIPPED, DELIVERED))))
def test_special_order_stores_newest_update_in_any_order(db, history):
    for body in history:
        process_webhook(body)

    assert SpecialOrder.objects.get().status == "Delivered"


def test_special_order_is_linked_to_patient_by_external_id(rosa):
    process_webhook(PENDING | {"patient_id": rosa.external_id.upper()})

    stored = SpecialOrder.objects.get()
    assert stored.patient == rosa
    assert stored.hardware_uuid == "77AA88BB99CC"


def test_special_order_webhook_list_quarantines_only_bad_item(db):
    process_webhook([PENDING, {"status": "Shipped"}, SHIPPED | {"request_id": "other"}])

    assert SpecialOrder.objects.count() == 2
    assert Delivery.objects.filter(state=Delivery.State.QUARANTINED).count() == 1


def test_special_order_update_without_time_is_ignored(db):
    process_webhook(SHIPPED)

    process_webhook(PENDING | {"updated_on": None})

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
def test_special_order_webhook_with_unusable_body_is_quarantined(db, body):
    assert process_webhook(body).state == Delivery.State.QUARANTINED
    assert not SpecialOrder.objects.exists()


def test_special_order_ignores_malformed_contents(db):
    process_webhook(PENDING | {"contents": "a gateway", "manifest": [1, 2]})

    stored = SpecialOrder.objects.get()
    assert (stored.contents, stored.manifest) == ([], {})
