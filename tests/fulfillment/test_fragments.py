"""The orders' fragments as strings: each has its words for nothing to show, and asks the database nothing."""

import uuid

import pytest
from django.template.loader import render_to_string
from django.utils import timezone

from devices.models import VendorCall
from fulfillment.forms.call_resolution import DecisionForm
from fulfillment.models import OrderEvent
from fulfillment.views import call_resolution, order_detail, order_list
from patients.permissions import open_patient
from tests.factories import KitFactory, OrderFactory, OrderLineFactory


@pytest.fixture
def request_of(rf):
    def ask(user):
        request = rf.get("/")
        request.user = user
        return request

    return ask


@pytest.fixture
def order(rosa, cora, elm):
    order = OrderFactory(patient=rosa, kit=KitFactory(clinic=elm, name="Heart kit"), lines=0, placed_by=cora)
    line = OrderLineFactory(order=order, status="shipped")
    OrderEvent.objects.create(order=order, line=line, source="reread", status="shipped", text="Shipped")
    return order


@pytest.fixture
def undecided(order):
    line = order.lines.get()
    about = {"payload": {"name": "Tenovi Scale"}, "reason": "Several fit.", "sent_at": timezone.now()}
    VendorCall.objects.filter(pk=line.call_id).update(state="needs_human", **about)
    return line.call_id


def test_the_page_of_an_order_makes_no_query(order, cora, request_of, django_assert_num_queries):
    shown = order_detail._context(
        order_detail._order(request_of(cora), order.pk), open_patient(order.patient_id, by=cora)
    )

    with django_assert_num_queries(0):
        text = render_to_string("orders/_order.html", shown | {"user": cora})

    assert "Heart kit for" in text
    assert "Every message (1)" in text


def test_an_order_without_devices_says_so(rosa, cora, request_of):
    bare = OrderFactory(patient=rosa, lines=0, placed_by=cora)
    shown = order_detail._context(order_detail._order(request_of(cora), bare.pk), open_patient(rosa.pk, by=cora))

    text = render_to_string("orders/_order.html", shown | {"user": cora})

    assert "This order has no devices." in text
    assert "Nothing has happened yet." in text


def test_the_list_of_orders_makes_no_query(undecided, cora, request_of, django_assert_num_queries):
    shown = order_list._shown(request_of(cora), cora)

    with django_assert_num_queries(0):
        text = render_to_string("orders/_list.html", shown | {"user": cora})

    assert "Waits for your decision" in text
    assert "Heart kit" in text


def test_the_decision_makes_no_query(undecided, cora, request_of, django_assert_num_queries):
    shown = call_resolution._context(call_resolution._call(request_of(cora), undecided), DecisionForm())

    with django_assert_num_queries(0):
        text = render_to_string("orders/_decide.html", shown | {"user": cora})

    assert "Not looked yet." in text


@pytest.mark.parametrize(
    ("link", "said"),
    [
        (
            {"text": "https://carrier.example/1", "href": "https://carrier.example/1"},
            'href="https://carrier.example/1"',
        ),
        ({"text": "1Z999", "href": None}, "Tracking: 1Z999"),
    ],
)
def test_only_a_known_carrier_is_something_to_click_on(link, said):
    assert said in render_to_string("orders/_tracking.html", {"link": link})


def test_the_vendors_words_stand_below_the_field_they_are_about():
    form = DecisionForm({"choice": "give_up", "hwi_id": uuid.uuid4()})

    text = render_to_string("orders/_field.html", {"field": form["reason"], "wide": True, "said": ["No such city."]})

    assert "field--bad" in text
    assert "Tenovi: No such city." in text
    assert "Say why, for those who read this later." in text
