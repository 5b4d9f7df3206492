"""Pages of special orders and of the stock."""

import datetime as dt

import pytest
from django.urls import reverse
from django.utils import timezone

from devices.models import SyncRun
from fulfillment.models import Order
from fulfillment.special_orders.models import StockItem
from patients.models import AuditEvent
from tests.factories import PatientFactory, SpecialOrderFactory, StockItemFactory
from tests.fulfillment.pages import count_queries

pytestmark = pytest.mark.django_db
GATEWAY_ID = "A1B2C3D4E5F6"


def test_special_order_list_shows_newest_change_first_with_contents(as_cora, rosa):
    now = timezone.now()
    unknown = SpecialOrderFactory(updated_on=None)
    old = SpecialOrderFactory(updated_on=now - dt.timedelta(days=1), patient=rosa, order_type="RL")
    new = SpecialOrderFactory(updated_on=now, contents=[{"name": "Gateway", "quantity": 5, "kit_id": 1}, "?"])

    page = as_cora.get(reverse("special_orders:list"))

    assert page.context["page"].rows == [new, old, unknown]
    assert "5 \N{MULTIPLICATION SIGN} Gateway" in page.content.decode()
    assert rosa.name.encode() in page.content
    assert AuditEvent.objects.get(action="list").patient_ids == [rosa.pk]


PREPARED_BULK = {"kind": "BU", "state": "preparing"}


@pytest.mark.parametrize(
    ("query", "count"), [({}, 3), ({"kind": "BU"}, 2), ({"state": "shipped"}, 1), (PREPARED_BULK, 1)]
)
def test_special_order_list_filters_by_kind_and_state(as_cora, query, count):
    SpecialOrderFactory(order_type="BU", status="Shipped")
    SpecialOrderFactory(order_type="BU", status="Pending")
    SpecialOrderFactory(order_type="DE", status="Delivered")

    assert len(as_cora.get(reverse("special_orders:list"), query).context["page"].rows) == count


def test_special_order_lists_cost_same_queries_for_any_number(as_cora, rosa):
    for address in (reverse("special_orders:list"), reverse("special_orders:stock")):
        StockItemFactory(special_order__patient=rosa)
        few = count_queries(as_cora, address)
        for _ in range(5):
            StockItemFactory(special_order__patient=rosa, special_order__updated_on=timezone.now())

        assert count_queries(as_cora, address) == few


def test_special_order_page_shows_contents_manifest_tracking_and_state(as_cora):
    order = SpecialOrderFactory(
        order_type="BU", status="Shipped", tracking_link="https://www.ups.com/track?tracknum=1Z9",
        requested_by="ops@acme",
        contents=[{"name": "Gateway", "quantity": 1, "kit_id": 1}],
    )  # fmt: skip
    StockItemFactory(special_order=order, hardware_id=GATEWAY_ID)

    page = as_cora.get(reverse("special_orders:page", args=[order.pk])).content.decode()

    for text in (
        "Shipped",
        "1 \N{MULTIPLICATION SIGN} Gateway",
        "A1B2-C3D4-E5F6",
        "with Tenovi Scale",
        "Track the parcel",
        "ops@acme",
    ):
        assert text in page


def test_special_order_of_other_clinic_is_not_found(client_of, olaf, rosa):
    order = SpecialOrderFactory(patient=rosa)

    assert client_of(olaf).get(reverse("special_orders:page", args=[order.pk])).status_code == 404
    assert client_of(olaf).get(reverse("special_orders:list")).context["page"].rows == []


def test_button_asks_to_read_bulk_orders(as_cora, cora):
    as_cora.post(reverse("special_orders:read"))

    assert SyncRun.objects.get(kind="bulk_orders").requested_by == cora


def test_stock_page_counts_by_kind_and_state(as_cora):
    StockItemFactory.create_batch(2)
    StockItemFactory(removed_at=timezone.now())
    StockItemFactory(special_order__status="Shipped", name="Tenovi Cellular BPM", contents=[])

    page = as_cora.get(reverse("special_orders:stock"))

    totals = {name: [count for _, count in counts] for _, name, counts in page.context["totals"]}
    assert totals == {"Gateway with Tenovi Scale": [2, 0, 0, 1], "Tenovi Cellular BPM": [0, 1, 0, 0]}
    assert len(as_cora.get(reverse("special_orders:stock"), {"state": "removed"}).context["page"].rows) == 1


def test_scan_leads_to_item_then_patient_then_filled_activation(as_cora, rosa, scale):
    item = StockItemFactory(hardware_id=GATEWAY_ID)
    scanned = as_cora.post(reverse("special_orders:scan"), {"hardware_id": "a1b2-c3d4-e5f6\n"})
    address = reverse("special_orders:stock_item", args=[item.pk])
    assert scanned["Location"] == address

    found = as_cora.post(address, {"search": rosa.family_name})
    link = f"{found.context['activation_url']}&patient={rosa.pk}"
    form = as_cora.get(link).context["form"]

    assert found.context["found"] == [rosa]
    assert (form["gateway_id"].value(), form["device_type"].value()) == ("A1B2-C3D4-E5F6", str(scale.pk))
    values = {name: form[name].value() for name in ("gateway_id", "device_type", "submission_id")}
    as_cora.post(link, values)
    assert Order.objects.get().gateway_id == GATEWAY_ID
    page = as_cora.get(address)
    assert page.context["item"].state == "used"
    assert rosa.name.encode() in page.content


def test_scan_shows_problem_at_field_beside_the_text(as_cora):
    page = as_cora.post(reverse("special_orders:scan"), {"hardware_id": "12"})

    assert "12 characters" in page.context["form"].errors["hardware_id"][0]
    assert page.context["form"]["hardware_id"].value() == "12"


def test_stock_item_names_no_patient_of_other_clinic(client_of, olaf, place_activation, rosa):
    item = StockItemFactory(hardware_id=GATEWAY_ID)
    place_activation(GATEWAY_ID)

    page = client_of(olaf).get(reverse("special_orders:stock_item", args=[item.pk]))

    assert rosa.family_name.encode() not in page.content
    assert b"a patient of another clinic" in page.content


def test_patients_of_other_clinics_and_discharged_ones_are_not_offered(as_cora, elm):
    PatientFactory(family_name="Quill")
    gone = PatientFactory(clinic=elm, family_name="Quill")
    type(gone).objects.filter(pk=gone.pk).update(discharged_at=timezone.now())
    mine = PatientFactory(clinic=elm, family_name="Quill")

    page = as_cora.post(reverse("special_orders:stock_item", args=[StockItemFactory().pk]), {"search": "quill"})

    assert page.context["found"] == [mine]


def test_correction_needs_reason_and_is_listed(as_cora):
    item = StockItemFactory()
    address = reverse("special_orders:correct", args=[item.pk])

    refused = as_cora.post(address, {"in_stock": "no", "reason": " "})
    assert refused.context["correction"].errors["reason"] == ["Reason is missing."]
    as_cora.post(address, {"in_stock": "no", "reason": "Lost"})

    page = as_cora.get(reverse("special_orders:stock_item", args=[item.pk])).content.decode()
    assert "Taken out of stock: Lost" in page
    assert StockItem.objects.get().removed_at is not None


def test_item_in_no_manifest_is_added_with_reason_and_counted_down(as_cora, scale, place_activation):
    address = reverse("special_orders:add")
    values = {"name": scale.name, "hardware_id": "", "reason": "From the representative"}

    refused = as_cora.post(address, values | {"reason": ""})
    assert refused.context["form"].errors["reason"] == ["Reason is missing."]
    as_cora.post(address, values)
    assert as_cora.get(reverse("special_orders:stock")).context["totals"][0][2][0] == ("In stock", 1)

    place_activation(GATEWAY_ID)
    assert StockItem.objects.with_state().get().state == "used"


@pytest.mark.parametrize(
    ("hardware_id", "said"),
    [("", "A gateway has an ID"), ("A1", "12 characters"), ("356000000000017", "last digit"), (GATEWAY_ID, "listed")],
)
def test_added_gateway_with_wrong_id_is_refused_at_field(as_cora, hardware_id, said):
    StockItemFactory(hardware_id=GATEWAY_ID)

    values = {"name": "Gateway", "hardware_id": hardware_id, "reason": "Found"}
    page = as_cora.post(reverse("special_orders:add"), values)

    assert said in page.context["form"].errors["hardware_id"][0]
    assert StockItem.objects.count() == 1
