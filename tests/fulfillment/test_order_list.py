"""The list of orders: what is stuck first, and only those of own clinics."""

import pytest
from django.urls import reverse
from django.utils import timezone

from fulfillment.models import LineStatus, Order, Urgency
from patients.models import AuditEvent, Patient
from tests.factories import OrderFactory, OrderLineFactory, PatientFactory, VendorCallFactory
from tests.fulfillment.pages import queries


@pytest.fixture
def many(elm, cora):
    def made(status, count=1, **fields):
        for _ in range(count):
            order = OrderFactory(patient=PatientFactory(clinic=elm), placed_by=cora, lines=0)
            call = VendorCallFactory(patient=order.patient, state="confirmed")
            OrderLineFactory(order=order, status=status, call=call, **fields)
        return order

    return made


def test_what_is_stuck_comes_first_then_what_waits_longest(as_cora, many):
    finished = many("connected", closed_at=timezone.now())
    older, newer = many("requested"), many("shipped")
    stuck = many("action_required")

    rows = as_cora.get(reverse("orders:list")).context["rows"]

    assert [row.order for row in rows] == [stuck, older, newer, finished]


@pytest.mark.parametrize(("show", "count"), [("", 3), ("stuck", 1), ("open", 1), ("finished", 1), ("nonsense", 3)])
def test_the_chips_filter(as_cora, many, show, count):
    many("on_hold")
    many("delivered")
    many("unlinked", closed_at=timezone.now())

    page = as_cora.get(reverse("orders:list"), {"show": show} if show else {})

    assert len(page.context["rows"]) == count
    assert [chip.count for chip in page.context["chips"]] == [3, 1, 1, 1]


def test_the_database_and_the_model_agree_on_what_is_stuck(many, as_cora):
    for status in LineStatus:
        many(status)

    for order in Order.objects.with_urgency().with_lines():
        assert (order.urgency == Urgency.STUCK) == order.stuck, order.status


def test_the_list_shows_own_clinics_only_and_is_audited(client_of, nadia, olaf, many):
    order = many("requested")

    assert b"Delgado" in client_of(nadia).get(reverse("orders:list")).content
    assert b"Delgado" not in client_of(olaf).get(reverse("orders:list")).content
    assert AuditEvent.objects.get(action="list", actor_id=nadia.pk).patient_ids == [order.patient_id]


def test_the_list_asks_as_many_queries_for_forty_orders_as_for_two(as_cora, many):
    many("requested", 2)
    few = queries(as_cora, reverse("orders:list"))
    many("shipped", 38)

    assert queries(as_cora, reverse("orders:list")) == few


def test_the_list_refreshes_only_with_news(as_cora, many):
    order = many("requested")
    url = reverse("orders:list_live")
    version = as_cora.get(reverse("orders:list")).context["version"]
    before = AuditEvent.objects.count()

    assert as_cora.get(url, {"v": version}).status_code == 204
    assert AuditEvent.objects.count() == before
    Patient.objects.bump([order.patient_id])
    assert b'id="order-rows"' in as_cora.get(url, {"v": version}).content


def test_the_empty_list_says_how_to_begin(as_cora):
    assert b"An order starts from a patient" in as_cora.get(reverse("orders:list")).content
