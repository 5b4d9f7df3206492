"""Stock: read from manifests, counted down by activations, corrected by a person."""

import json

import pytest
from django.urls import reverse

from devices import tenovi
from devices.inbox import processing
from devices.models import Delivery, SyncRun
from devices.models.sync import SyncKind
from devices.statuses import DeviceState
from fulfillment.models import LineStatus
from fulfillment.special_orders import bulk_orders, stock, tasks
from fulfillment.special_orders import processing as special_orders
from fulfillment.special_orders.models import SpecialOrder, StockCorrection, StockItem
from patients.models import AuditEvent
from tests.factories import DeviceFactory, GatewayFactory, SpecialOrderFactory, StockItemFactory, UserFactory
from tests.simulated_vendor import open_tenovi_client

pytestmark = pytest.mark.django_db
GATEWAY_ID, IMEI = "A1B2C3D4E5F6", "356000000000017"
SHIPPED = {
    "request_id": "3d0a3b44-9a1b-4a63-8a2c-52a5f5a0c771", "order_number": "SO-31007", "order_type": "BU",
    "status": "Shipped", "created_on": "2026-09-10T14:00:00Z", "updated_on": "2026-09-12T18:22:09Z",
    "contents": [{"name": "Gateway", "quantity": 1, "kit_id": 1}, {"name": "Tenovi Scale", "quantity": 1, "kit_id": 1}],
    "manifest": {"gateway_ids": ["a1b2-c3d4-e5f6", GATEWAY_ID, None, "?"], "imeis": [IMEI]},
}  # fmt: skip


def test_bulk_order_is_assigned_to_a_clinic_whose_stock_it_then_is(client_of, ada, cora, elm, harbor):
    ours = StockItemFactory(special_order__patient=None, name="Tenovi Scale", hardware_id="", contents=[])
    carmen = UserFactory(role="coordinator", clinics=[harbor])
    assert StockItem.objects.visible_to(carmen).exists()

    action = {"action": f"assign_{elm.pk}", "_selected_action": [ours.special_order_id]}
    client_of(ada).post(reverse("admin:special_orders_specialorder_changelist"), action)

    ours.special_order.refresh_from_db()
    assert ours.special_order.clinic == elm
    assert AuditEvent.objects.filter(action="stock", actor_id=ada.pk, clinic_id=elm.pk).exists()
    assert not StockItem.objects.visible_to(carmen).exists()
    assert not stock.loose_devices("tenovi scale").of_clinic(harbor.pk).exists()
    page = client_of(cora).get(reverse("special_orders:stock"))
    assert [(clinic, kind) for clinic, kind, _ in page.context["totals"]] == [(elm.name, "Tenovi Scale")]
    shown = client_of(cora).get(reverse("special_orders:page", args=[ours.special_order_id])).content.decode()
    assert "Stock of" in shown


def test_order_of_a_patient_is_assigned_to_no_clinic(client_of, ada, elm, rosa):
    theirs = SpecialOrderFactory(patient=rosa, order_type="RE")

    action = {"action": f"assign_{elm.pk}", "_selected_action": [theirs.pk]}
    client_of(ada).post(reverse("admin:special_orders_specialorder_changelist"), action)

    theirs.refresh_from_db()
    assert theirs.clinic is None


def receive_webhook(body):
    kind = Delivery.Kind.SPECIAL_ORDER
    processing.receive_delivery(kind=kind, body=json.dumps(body).encode())
    processing.process_due_deliveries(kind, special_orders.process_special_order_deliveries)


def states():
    return sorted(StockItem.objects.with_state().values_list("name", "state"))


def test_webhook_of_shipped_bulk_order_puts_its_ids_on_the_way(db):
    receive_webhook(SHIPPED)
    receive_webhook(SHIPPED)

    assert states() == [("Cellular device", "on_the_way"), ("Gateway", "on_the_way")]
    assert StockItem.objects.get(hardware_id=GATEWAY_ID).contents == ["Tenovi Scale"]
    assert SyncRun.objects.get(kind=SyncKind.BULK_ORDERS).finished_at is None  # the list is read next


def test_webhook_of_delivered_bulk_order_puts_them_into_stock(db):
    receive_webhook(SHIPPED)
    receive_webhook(SHIPPED | {"status": "Delivered", "updated_on": "2026-09-14T10:00:00Z"})

    assert states() == [("Cellular device", "in_stock"), ("Gateway", "in_stock")]


@pytest.mark.parametrize(
    "manifest", [None, [], ["x", {"kitted_items": "?", "loose_items": [None, {"imei": 7}]}], {"imeis": 5}]
)
def test_manifest_that_cannot_be_read_makes_no_stock(db, manifest):
    receive_webhook(SHIPPED | {"manifest": manifest})

    assert not StockItem.objects.exists()


def test_list_of_bulk_orders_names_what_is_packed_together(sim, client):
    kit = [{"name": "Gateway", "quantity": 2, "kit_id": 1}, {"name": "Tenovi Scale", "quantity": 2, "kit_id": 1}]
    sim.place_bulk_order([*kit, {"name": "Tenovi Cellular BPM", "quantity": 1, "kit_id": 0},
                          {"name": "Tenovi Scale", "quantity": 3, "kit_id": 0}], shipping_name="Elm")  # fmt: skip
    for _ in range(3):
        sim.advance(20)

    run = bulk_orders.read_bulk_orders(client)
    bulk_orders.read_bulk_orders(client)

    assert (run.found, run.differences, run.finished_at is None) == (1, [], False)
    order = SpecialOrder.objects.get()
    assert (order.order_type, order.status, order.ship_to) == ("BU", "Delivered", "Elm")
    assert order.content_lines[0] == "2 \N{MULTIPLICATION SIGN} Gateway"
    in_stock = StockItem.objects.with_state().filter(state="in_stock").order_by("name", "number")
    assert [(item.name, len(item.hardware_id), item.contents) for item in in_stock] == [
        *[("Gateway", 12, ["Tenovi Scale"])] * 2, ("Tenovi Cellular BPM", 15, []), *[("Tenovi Scale", 0, [])] * 3,
    ]  # fmt: skip


def test_list_completes_what_a_newer_webhook_left_out(sim, client):
    order = sim.place_bulk_order([{"name": "Tenovi Cellular BPM", "quantity": 1, "kit_id": 0}])
    for _ in range(2):
        sim.advance(20)
    bulk = sim.state.store.get("bulk_order", order["id"])
    imei = bulk["manifest"][0]["loose_items"][0]["imei"]
    newer = {"updated_on": sim.state.clock.stamp(), "request_id": order["id"], "manifest": {"imeis": [imei]}}
    receive_webhook(SHIPPED | newer)

    bulk_orders.read_bulk_orders(client)

    assert states() == [("Tenovi Cellular BPM", "on_the_way")]


def test_older_report_of_list_changes_nothing(sim, client):
    order = sim.place_bulk_order([{"name": "Tenovi Scale", "quantity": 1, "kit_id": 0}])
    newer = {"request_id": order["id"], "status": "Delivered", "updated_on": sim.state.clock.stamp()}
    receive_webhook(SHIPPED | newer)
    SpecialOrder.objects.update(updated_on="2099-01-01T00:00:00Z")

    bulk_orders.read_bulk_orders(client)

    assert SpecialOrder.objects.get().status == "Delivered"


def test_bulk_order_task_reads_once_a_night(sim, monkeypatch):
    monkeypatch.setattr(tenovi, "background_client", lambda: open_tenovi_client(sim))
    tasks.read_bulk_orders()
    tasks.read_bulk_orders()

    assert SyncRun.objects.filter(kind=SyncKind.BULK_ORDERS, finished_at__isnull=False).count() == 1


def test_activation_counts_down_gateway_and_refusal_gives_it_back(place_activation):
    StockItemFactory(hardware_id=GATEWAY_ID)

    order = place_activation(GATEWAY_ID)
    assert states() == [("Gateway", "used")]

    order.lines.update(status=LineStatus.REJECTED)
    assert states() == [("Gateway", "in_stock")]


def test_device_that_vendor_links_to_gateway_counts_it_down(rosa):
    StockItemFactory(hardware_id=GATEWAY_ID)
    device = DeviceFactory(patient=rosa, gateway=GatewayFactory(hardware_uuid=GATEWAY_ID))
    assert states() == [("Gateway", "used")]

    type(device).objects.update(state=DeviceState.UNLINKED)
    assert states() == [("Gateway", "in_stock")]


def test_activation_counts_down_one_loose_device_unless_packed_with_gateway(place_activation, elm):
    order = SpecialOrderFactory(order_type="BU", status="Delivered")
    for number in (1, 2):
        StockItemFactory(special_order=order, hardware_id="", name="Tenovi Scale", contents=[], number=number)
    StockItemFactory(hardware_id="B1B2C3D4E5F6")

    place_activation(GATEWAY_ID)
    assert states() == [("Gateway", "in_stock"), ("Tenovi Scale", "in_stock"), ("Tenovi Scale", "used")]

    place_activation("B1B2C3D4E5F6", override_reason="A second one")
    assert states() == [("Gateway", "used"), ("Tenovi Scale", "in_stock"), ("Tenovi Scale", "used")]


def test_correction_takes_item_out_and_puts_it_back_with_reason(place_activation, cora):
    item = StockItemFactory(hardware_id=GATEWAY_ID)
    place_activation(GATEWAY_ID)

    stock.correct_item(item.pk, in_stock=True, reason="Came back unopened", by=cora)
    assert states() == [("Gateway", "in_stock")]
    with pytest.raises(stock.StockError, match="in stock already"):
        stock.correct_item(item.pk, in_stock=True, reason="Again", by=cora)

    stock.correct_item(item.pk, in_stock=False, reason="Broken", by=cora)
    assert states() == [("Gateway", "removed")]
    assert list(StockCorrection.objects.values_list("reason", "in_stock")) == [
        ("Broken", False),
        ("Came back unopened", True),
    ]
    assert AuditEvent.objects.filter(action="stock", actor_id=cora.pk).count() == 2


@pytest.mark.parametrize("typed", ["a1b2-c3d4-e5f6\r\n", " A1B2 C3D4 E5F6 ", "A1:B2:C3:D4:E5:F6"])
def test_scan_finds_item_whatever_the_scanner_adds(db, typed):
    item = StockItemFactory(hardware_id=GATEWAY_ID)

    assert stock.find_scanned_item(typed) == item


@pytest.mark.parametrize(
    ("typed", "said"),
    [("A1B2", "12 characters"), (GATEWAY_ID, "in no bulk order"), (IMEI, "last digit")],
)
def test_scan_says_why_it_finds_nothing(db, typed, said):
    with pytest.raises(stock.StockError, match=said):
        stock.find_scanned_item(typed)
