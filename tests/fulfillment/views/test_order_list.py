"""Order list: sort order, filters, access, live version."""

import pytest
from django.urls import reverse
from django.utils import timezone

from fulfillment.models import LineStatus, Order, Urgency
from patients.models import AuditEvent, Patient
from tests.factories import OrderFactory, OrderLineFactory, PatientFactory, VendorCallFactory
from tests.fulfillment.pages import count_queries


@pytest.fixture
def create_orders(elm, cora):
    def made(status, count=1, **fields):
        for _ in range(count):
            order = OrderFactory(patient=PatientFactory(clinic=elm), placed_by=cora, lines=0)
            call = VendorCallFactory(patient=order.patient, state="confirmed")
            OrderLineFactory(order=order, status=status, call=call, **fields)
        return order

    return made


def test_order_list_sorts_stuck_orders_first_then_oldest(as_cora, create_orders):
    finished = create_orders("connected", closed_at=timezone.now())
    older, newer = create_orders("requested"), create_orders("shipped")
    stuck = create_orders("action_required")

    rows = as_cora.get(reverse("orders:list")).context["rows"]

    assert [row.order for row in rows] == [stuck, older, newer, finished]


@pytest.mark.parametrize(("show", "count"), [("", 3), ("stuck", 1), ("open", 1), ("finished", 1), ("nonsense", 3)])
def test_order_list_filters_select_and_count(as_cora, create_orders, show, count):
    create_orders("on_hold")
    create_orders("delivered")
    create_orders("unlinked", closed_at=timezone.now())

    page = as_cora.get(reverse("orders:list"), {"show": show} if show else {})

    assert len(page.context["rows"]) == count
    assert [facet.count for facet in page.context["filter_rows"][0].options] == [3, 1, 1, 1]


def test_order_urgency_in_sql_agrees_with_model_property(create_orders, as_cora):
    for status in LineStatus:
        create_orders(status)

    for order in Order.objects.with_urgency().with_lines():
        assert (order.urgency == Urgency.STUCK) == any(line.stuck_kind for line in order.lines.all()), order.status


def test_order_list_shows_only_own_clinics_and_writes_audit(client_of, nadia, olaf, create_orders):
    order = create_orders("requested")

    assert b"Delgado" in client_of(nadia).get(reverse("orders:list")).content
    assert b"Delgado" not in client_of(olaf).get(reverse("orders:list")).content
    assert AuditEvent.objects.get(action="list", actor_id=nadia.pk).patient_ids == [order.patient_id]


@pytest.mark.parametrize("query", ["", "state=shipped&age=week", "order=patient+descending"])
def test_order_list_query_count_does_not_grow_with_orders(as_cora, create_orders, query):
    create_orders("shipped", 2)
    url = f"{reverse('orders:list')}?{query}"
    few = count_queries(as_cora, url)
    create_orders("shipped", 30)

    assert count_queries(as_cora, url) == few


def test_order_list_live_update_returns_204_until_live_version_changes(as_cora, create_orders):
    order = create_orders("requested")
    url = reverse("orders:list_live")
    version = as_cora.get(reverse("orders:list")).context["version"]
    before = AuditEvent.objects.count()

    assert as_cora.get(url, {"v": version}).status_code == 204
    assert AuditEvent.objects.count() == before
    Patient.objects.touch_live_version([order.patient_id])
    assert b'id="order-rows"' in as_cora.get(url, {"v": version}).content


def test_order_list_empty_explains_how_to_start(as_cora):
    assert b"An order starts from a patient" in as_cora.get(reverse("orders:list")).content
