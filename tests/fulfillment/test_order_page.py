"""One order: where each device stands, what to do, and who may."""

import html
import re
import uuid

import pytest
from django.urls import reverse

from devices.outbox import sending
from fulfillment import tracking
from fulfillment.models import LineStatus, Order, OrderLine
from fulfillment.ordering import orders
from patients import zip_codes
from patients.models import AuditEvent, Patient
from tests.factories import KitFactory, PatientFactory
from tests.fulfillment.pages import page_url, queries, text_of
from tests.vendor import HOME


def test_each_device_says_where_it_stands_and_what_to_do(as_cora, order, client):
    sending.drain(client)
    tracking.catch_up()

    page = text_of(as_cora.get(page_url(order)))

    assert "Requested" in page
    assert "The vendor has accepted it and will ship it." in page
    assert ">Eastern Time (New York)<" in page
    assert "Cancel this device" in page


def test_a_refusal_stands_in_the_vendors_words_with_a_way_out(as_cora, order, client, sim):
    body = {"device": {"fulfillment_request": {"shipping_zip_code": ["No such ZIP code."]}}}
    sim.faults.add("status", status=400, body=body, match={"method": "POST"}, times=None)
    sending.drain(client)
    tracking.catch_up()

    page = text_of(as_cora.get(page_url(order)))
    line = order.lines.first()
    form = text_of(as_cora.get(reverse("orders:correct", args=[line.pk])))

    assert "ZIP code: No such ZIP code." in page
    assert "Correct it" in page
    assert "Tenovi: No such ZIP code." in form
    assert form.count("No such ZIP code.") == 1, "below its field, and not once more above the form"
    assert " novalidate" in form, "what is wrong is said by us, below the field"


def test_correcting_one_refused_device_corrects_the_others_too(as_cora, order, client, sim):
    sim.faults.add("status", status=400, match={"method": "POST"}, times=2)
    sending.drain(client)
    tracking.catch_up()
    url = reverse("orders:correct", args=[order.lines.first().pk])
    form = as_cora.get(url).context["form"]
    typed = {name: form[name].value() for name in form.fields} | {"zip_code": "03302", "all_refused": "on"}

    as_cora.post(url, typed)
    sending.drain(client)
    tracking.catch_up()

    assert order.lines.filter(status="requested").count() == 2
    assert Order.objects.get().status == LineStatus.REQUESTED


def test_a_corrected_zip_code_of_another_state_is_doubted_and_holds_nobody_up(as_cora, order, client, sim):
    sim.faults.add("status", status=400, match={"method": "POST"}, times=1)
    sending.drain(client)
    tracking.catch_up()
    url = reverse("orders:correct", args=[order.lines.get(status=LineStatus.REJECTED).pk])
    page = as_cora.get(url)
    form = page.context["form"]
    typed = {name: form[name].value() for name in form.fields} | {"zip_code": "10001"}

    corrected = as_cora.post(url, typed, follow=True)

    assert zip_codes.WARNING not in html.unescape(page.content.decode())
    assert zip_codes.WARNING in html.unescape(corrected.content.decode())
    assert order.lines.filter(call__payload__ship_to__zip_code="10001").exists()


def test_a_clinician_sees_the_order_and_no_buttons(client_of, nadia, order):
    page = client_of(nadia).get(page_url(order)).content.decode()

    assert "Heart failure kit" in page
    assert "Cancel this device" not in page


def test_a_stranger_finds_nothing(client_of, olaf, order):
    answer = client_of(olaf).get(page_url(order))

    assert answer.status_code == 404
    assert b"Delgado" not in answer.content


@pytest.mark.parametrize("name", ["cancel", "close", "correct"])
def test_only_coordinators_change_lines(client_of, nadia, order, name):
    answer = client_of(nadia).post(reverse(f"orders:{name}", args=[order.lines.first().pk]))

    assert answer.status_code == 403


def test_a_foreign_coordinator_can_not_touch_a_line(client_of, harbor, order):
    from patients.models import Role
    from tests.factories import UserFactory

    browser = client_of(UserFactory(role=Role.COORDINATOR, clinics=[harbor]))

    for name in ("cancel", "close", "correct"):
        assert browser.post(reverse(f"orders:{name}", args=[order.lines.first().pk])).status_code == 404
    assert set(order.lines.values_list("call__state", flat=True)) == {"intent"}


def test_cancelling_from_the_page(as_cora, order):
    line = order.lines.first()

    answer = as_cora.post(reverse("orders:cancel", args=[line.pk]), follow=True)

    assert "Cancelled before it was sent." in answer.content.decode()
    line.call.refresh_from_db()
    assert line.call.state == "cancelled"


def test_closing_needs_a_reason(as_cora, order, client, sim):
    sim.faults.add("status", status=400, match={"method": "POST"}, times=None)
    sending.drain(client)
    tracking.catch_up()
    url = reverse("orders:close", args=[order.lines.first().pk])

    assert "reason" in as_cora.post(url, {"reason": " "}).context["form"].errors
    as_cora.post(url, {"reason": "Moved abroad"})
    assert OrderLine.objects.filter(closed_by__isnull=False).count() == 1


def test_the_live_fragment_comes_only_with_news(as_cora, order):
    page = as_cora.get(page_url(order)).content.decode()
    version = re.search(r'data-live-version="(\d+)"', page)[1]
    url = reverse("orders:live", args=[order.pk])
    before = AuditEvent.objects.count()

    silent = as_cora.get(url, {"v": version})
    assert (silent.status_code, AuditEvent.objects.count()) == (204, before)

    Patient.objects.bump([order.patient_id])
    assert b'id="order"' in as_cora.get(url, {"v": version}).content
    assert AuditEvent.objects.count() == before + 1


def test_what_the_vendor_says_is_never_markup(as_cora, order, client):
    sending.drain(client)
    order.lines.first().call.device.__class__.objects.update(
        tracking_link="javascript:alert(1)", invalid_address="<img src=x onerror=alert(1)>", hinted_status="<b>Shipped"
    )

    page = as_cora.get(page_url(order)).content.decode()

    assert "<img" not in page
    assert 'href="javascript' not in page
    assert "&lt;img" in page


def test_the_page_asks_as_many_queries_for_many_devices_as_for_few(
    as_cora, order, elm, rosa, cora, scale, cuff, client, django_assert_num_queries
):
    large = orders.place(
        patient=PatientFactory(clinic=elm),
        kit=KitFactory(clinic=elm, items=[(scale, 4), (cuff, 4)]),
        ship_to=HOME,
        by=cora,
        submission_id=uuid.uuid4(),
    )
    sending.drain(client)
    tracking.catch_up()
    as_cora.get(page_url(order))

    assert queries(as_cora, page_url(order)) == queries(as_cora, page_url(large))


def test_a_refused_cancellation_stands_in_the_vendors_words(as_cora, order, client, sim):
    sending.drain(client)
    tracking.catch_up()
    line = order.lines.select_related("call__device").first()
    sim.ship(str(line.call.device.hwi_id))
    as_cora.post(reverse("orders:cancel", args=[line.pk]))

    sending.drain(client)
    page = text_of(as_cora.get(page_url(order)))

    assert "Cancel before it ships: refused by the vendor" in page
    assert "Unlink it instead" in page
