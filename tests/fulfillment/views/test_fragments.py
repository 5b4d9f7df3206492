"""The orders' fragments as strings: each has its words for nothing to show, and asks the database nothing."""

import uuid

import pytest
from django.template.loader import render_to_string
from django.utils import timezone

from devices.models import VendorCall
from fulfillment.forms.call_resolution import CallResolutionForm
from fulfillment.models import Order, OrderEvent
from fulfillment.views import call_resolution, order_detail, order_list
from patients.context_processors import permission_flags
from patients.permissions import get_patient_audited
from tests.factories import KitFactory, OrderFactory, OrderLineFactory


@pytest.fixture
def request_by(rf):
    def ask(user):
        request = rf.get("/")
        request.user = user
        request.session = {}
        return request

    return ask


@pytest.fixture
def order(rosa, cora, elm):
    order = OrderFactory(patient=rosa, kit=KitFactory(clinic=elm, name="Heart kit"), lines=0, placed_by=cora)
    line = OrderLineFactory(order=order, status="shipped")
    OrderEvent.objects.create(order=order, line=line, source="refresh", status="shipped", text="Shipped")
    return order


@pytest.fixture
def call_needing_review_id(order):
    line = order.lines.get()
    about = {"payload": {"name": "Tenovi Scale"}, "reason": "Several fit.", "sent_at": timezone.now()}
    VendorCall.objects.filter(pk=line.call_id).update(state="needs_review", **about)
    return line.call_id


def test_order_fragment_makes_no_query(order, cora, request_by, django_assert_num_queries):
    shown = order_detail.order_context(
        Order.objects.with_lines().get(pk=order.pk), get_patient_audited(order.patient_id, by=cora)
    )

    with django_assert_num_queries(0):
        text = render_to_string("fulfillment/_order_detail.html", shown | permission_flags(request_by(cora)))

    assert "Heart kit for" in text
    assert "Every message (1)" in text


def test_order_fragment_without_devices_shows_empty_text(rosa, cora, request_by):
    bare = OrderFactory(patient=rosa, lines=0, placed_by=cora)
    shown = order_detail.order_context(
        Order.objects.with_lines().get(pk=bare.pk), get_patient_audited(rosa.pk, by=cora)
    )

    text = render_to_string("fulfillment/_order_detail.html", shown | permission_flags(request_by(cora)))

    assert "This order has no devices." in text
    assert "Nothing has happened yet." in text


def test_order_list_fragment_makes_no_query(call_needing_review_id, cora, request_by, django_assert_num_queries):
    shown = order_list.order_list_context(request_by(cora), cora)

    with django_assert_num_queries(0):
        text = render_to_string("fulfillment/_order_list.html", shown | permission_flags(request_by(cora)))

    assert "Needs a person" in text
    assert "Heart kit" in text


def test_call_resolution_fragment_makes_no_query(call_needing_review_id, cora, request_by, django_assert_num_queries):
    shown = call_resolution.call_context(
        call_resolution.get_call_audited(request_by(cora), call_needing_review_id), CallResolutionForm()
    )

    with django_assert_num_queries(0):
        text = render_to_string("fulfillment/_call_resolution.html", shown | permission_flags(request_by(cora)))

    assert "Not checked yet." in text


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
def test_tracking_fragment_links_only_known_carriers(link, said):
    assert said in render_to_string("fulfillment/_tracking_link.html", {"link": link})


def test_field_fragment_shows_vendor_error_below_field():
    form = CallResolutionForm({"choice": "abandon", "hwi_id": uuid.uuid4()})

    text = render_to_string("patients/_field.html", {"field": form["reason"], "wide": True, "said": ["No such city."]})

    assert "field--bad" in text
    assert "Tenovi: No such city." in text
    assert "Say why, for those who read this later." in text
