"""Search, filters, sort and file of the order list."""

import csv
import datetime as dt
import io
import re

import pytest
from django.urls import reverse
from django.utils import timezone

from fulfillment.models import Order
from fulfillment.views.order_filters import COLUMNS
from patients.lists.sorting import SORT_DIRECTIONS
from patients.models import AuditEvent
from tests.factories import DeviceFactory, KitFactory, OrderFactory, OrderLineFactory, PatientFactory, VendorCallFactory

URL = "/orders/"


@pytest.fixture
def rosas_order(rosa, cora):
    device = DeviceFactory(
        patient=rosa, gateway__hardware_uuid="A1B2C3D4E5F6", tracking_link="https://carrier.example/track/940011188888"
    )
    order = OrderFactory(patient=rosa, placed_by=cora, lines=0, kit=KitFactory(clinic=rosa.clinic, name="Heart"))
    call = VendorCallFactory(patient=rosa, state="confirmed", device=device, reference="V7K2M9QXR4")
    OrderLineFactory(order=order, status="shipped", call=call, device=device)
    return order


@pytest.fixture
def other_order(elm, nadia):
    patient = PatientFactory(clinic=elm, given_name="Walter", family_name="Abel")
    order = OrderFactory(patient=patient, placed_by=nadia, lines=0, placed_at=timezone.now() - dt.timedelta(days=40))
    OrderLineFactory(order=order, status="requested", call=VendorCallFactory(patient=patient, state="confirmed"))
    return order


def shown(page):
    return [row.order for row in page.context["rows"]]


def search(browser, text):
    return browser.get(browser.post(URL, {"q": text})["Location"])


@pytest.mark.parametrize(
    "text", ["delgado", "v7k2m9qxr4", "A1B2-C3D4-E5F6", "9400 1118 8888", "https://carrier.example/track/940011188888"]
)
def test_order_search_finds_by_patient_reference_gateway_and_tracking(as_cora, rosas_order, other_order, text):
    answer = as_cora.post(URL, {"q": text})

    assert text not in answer["Location"]
    assert shown(as_cora.get(answer["Location"])) == [rosas_order]


def test_order_search_finds_own_parcel_and_typed_gateway(as_cora, rosas_order, other_order):
    Order.objects.filter(pk=other_order.pk).update(
        kind="activation", shipped_by_clinic=True, tracking_number="1Z999AA10123456784", gateway_id="B2C3D4E5F6A1"
    )

    assert shown(search(as_cora, "1Z999AA1 0123456784")) == [other_order]
    assert shown(search(as_cora, "b2c3d4e5f6a1")) == [other_order]
    assert shown(search(as_cora, "no such thing")) == []


def test_order_search_stays_in_own_clinics(client_of, olaf, rosas_order):
    assert shown(search(client_of(olaf), "V7K2M9QXR4")) == []


def test_order_search_stays_in_refresh_and_filters(as_cora, rosas_order, other_order):
    page = search(as_cora, "delgado")

    live = as_cora.get(reverse("orders:list_live") + f"?{page.context['filter_query']}")
    assert shown(live) == [rosas_order]
    assert "search=" in page.context["filter_rows"][0].options[1].query


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"state": "shipped"}, ["Delgado"]),
        ({"age": "older"}, ["Abel"]),
        ({"age": "week"}, ["Delgado"]),
        ({"order": "patient ascending"}, ["Abel", "Delgado"]),
        ({"order": "patient descending"}, ["Delgado", "Abel"]),
        ({"order": "age descending"}, ["Delgado", "Abel"]),
        ({"order": "age ascending"}, ["Abel", "Delgado"]),
        ({"order": "age descending", "sort": "age"}, ["Abel", "Delgado"]),
        ({"order": "age ascending", "sort": "patient"}, ["Abel", "Delgado"]),
        ({"state": "shipped", "age": "older"}, []),
        ({"state": "nonsense", "kit": "x", "person": "-1", "order": "1; DROP"}, ["Abel", "Delgado"]),
    ],
)
def test_order_list_filters_and_sorts(as_cora, rosas_order, other_order, query, found):
    names = [order.patient.family_name for order in shown(as_cora.get(URL, query))]

    assert (names if "state" not in query else sorted(names)) == found


def test_order_list_filters_by_kit_and_person(as_cora, rosas_order, other_order, nadia):
    assert shown(as_cora.get(URL, {"kit": rosas_order.kit_id})) == [rosas_order]
    assert shown(as_cora.get(URL, {"person": nadia.pk})) == [other_order]


@pytest.mark.parametrize("sort", ["", *(f"{column.key} {way}" for column in COLUMNS for way in SORT_DIRECTIONS)])
def test_order_list_pages_meet_in_each_sort_order(as_cora, elm, cora, monkeypatch, sort):
    monkeypatch.setattr("fulfillment.views.order_list.PAGE_SIZE", 2)
    orders = {OrderFactory(patient=PatientFactory(clinic=elm), placed_by=cora, kit=None).pk for _ in range(5)}
    seen, query = [], {"order": sort}
    while True:
        page = as_cora.get(URL, query)
        seen += [order.pk for order in shown(page)]
        if page.context["page"].after is None:
            break
        query = {"order": sort, "after": page.context["page"].after}

    assert len(seen) == 5
    assert set(seen) == orders


def test_order_list_sorts_by_a_click_on_a_head_and_the_file_follows(as_cora, rosas_order, other_order):
    page = as_cora.get(URL, {"sort": "age", "order": "status ascending"})
    assert [order.patient.family_name for order in shown(page)] == ["Delgado", "Abel"]
    html = page.content.decode()
    assert re.search(
        r'aria-sort="descending">\s*<button class="sort" form="arrange-orders" name="sort" value="age"', html
    )
    assert page.context["filter_query"] == "order=age+descending"

    answer = as_cora.get(reverse("orders:file") + "?order=age+ascending")

    rows = csv.DictReader(io.StringIO(answer.content.decode().lstrip("\ufeff")))
    assert [row["patient"] for row in rows] == [other_order.patient.name, rosas_order.patient.name]


def test_order_file_has_what_the_list_selects_and_is_audited(as_cora, rosas_order, other_order, cora):
    answer = as_cora.get(reverse("orders:file"), {"state": "shipped"})

    (row,) = csv.DictReader(io.StringIO(answer.content.decode().lstrip("\ufeff")))
    assert (row["patient"], row["kit"], row["status"]) == (rosas_order.patient.name, "Heart", "Shipped")
    assert (row["references"], row["gateways"]) == ("V7K2M9QXR4", "A1B2-C3D4-E5F6")
    assert AuditEvent.objects.filter(route="orders:file", patient_ids=[rosas_order.patient_id]).exists()
