"""Order page: the status of each device, the next action, and who is permitted to take it."""

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
from tests.fulfillment.pages import count_queries, normalized_html, order_url
from tests.simulated_vendor import SHIPPING_ADDRESS


def test_order_page_shows_status_and_next_step_of_each_device(as_cora, order, client):
    sending.send_due_calls(client)
    tracking.update_order_lines()

    page = normalized_html(as_cora.get(order_url(order)))

    assert "Requested" in page
    assert "The vendor has accepted it and will ship it." in page
    assert ">Eastern Time (New York)<" in page
    assert "Cancel this device" in page


def test_order_page_shows_vendor_rejection_and_correction_form(as_cora, order, client, sim):
    body = {"device": {"fulfillment_request": {"shipping_zip_code": ["No such ZIP code."]}}}
    sim.faults.add("status", status=400, body=body, match={"method": "POST"}, times=None)
    sending.send_due_calls(client)
    tracking.update_order_lines()

    page = normalized_html(as_cora.get(order_url(order)))
    line = order.lines.first()
    form = normalized_html(as_cora.get(reverse("orders:correct", args=[line.pk])))

    assert "ZIP code: No such ZIP code." in page
    assert "Correct and ask again" in page
    assert "Tenovi: No such ZIP code." in form
    assert form.count("No such ZIP code.") == 1, "below its field, and not once more above the form"
    assert " novalidate" in form, "what is wrong is said by us, below the field"


def test_order_correction_applies_to_all_rejected_lines(as_cora, order, client, sim):
    sim.faults.add("status", status=400, match={"method": "POST"}, times=2)
    sending.send_due_calls(client)
    tracking.update_order_lines()
    url = reverse("orders:correct", args=[order.lines.first().pk])
    form = as_cora.get(url).context["form"]
    typed = {name: form[name].value() for name in form.fields} | {"zip_code": "03302", "all_refused": "on"}

    as_cora.post(url, typed)
    sending.send_due_calls(client)
    tracking.update_order_lines()

    assert order.lines.filter(status="requested").count() == 2
    assert Order.objects.get().status == LineStatus.REQUESTED


def test_order_correction_warns_of_zip_code_in_other_state_and_is_sent(as_cora, order, client, sim):
    sim.faults.add("status", status=400, match={"method": "POST"}, times=1)
    sending.send_due_calls(client)
    tracking.update_order_lines()
    url = reverse("orders:correct", args=[order.lines.get(status=LineStatus.REJECTED).pk])
    page = as_cora.get(url)
    form = page.context["form"]
    typed = {name: form[name].value() for name in form.fields} | {"zip_code": "10001"}

    corrected = as_cora.post(url, typed, follow=True)

    assert "ZIP code 03301" not in page.content.decode()
    assert zip_codes.ZIP_CODE_WARNING in html.unescape(corrected.content.decode())
    assert order.lines.filter(call__payload__ship_to__zip_code="10001").exists()


def test_order_page_for_clinician_has_no_action_buttons(client_of, nadia, order):
    page = client_of(nadia).get(order_url(order)).content.decode()

    assert "Heart failure kit" in page
    assert "Cancel this device" not in page


def test_order_page_of_other_clinic_is_not_found(client_of, olaf, order):
    answer = client_of(olaf).get(order_url(order))

    assert answer.status_code == 404
    assert b"Delgado" not in answer.content


@pytest.mark.parametrize("name", ["cancel", "close", "correct"])
def test_order_line_actions_are_forbidden_for_clinician(client_of, nadia, order, name):
    answer = client_of(nadia).post(reverse(f"orders:{name}", args=[order.lines.first().pk]))

    assert answer.status_code == 403


def test_order_line_actions_are_not_found_for_coordinator_of_other_clinic(client_of, harbor, order):
    from patients.models import Role
    from tests.factories import UserFactory

    browser = client_of(UserFactory(role=Role.COORDINATOR, clinics=[harbor]))

    for name in ("cancel", "close", "correct"):
        assert browser.post(reverse(f"orders:{name}", args=[order.lines.first().pk])).status_code == 404
    assert set(order.lines.values_list("call__state", flat=True)) == {"queued"}


def test_order_line_cancel_view_cancels_queued_call(as_cora, order):
    line = order.lines.first()

    answer = as_cora.post(reverse("orders:cancel", args=[line.pk]), follow=True)

    assert "Cancelled before it was sent." in answer.content.decode()
    line.call.refresh_from_db()
    assert line.call.state == "cancelled"


def test_order_line_close_view_requires_reason(as_cora, order, client, sim):
    sim.faults.add("status", status=400, match={"method": "POST"}, times=None)
    sending.send_due_calls(client)
    tracking.update_order_lines()
    url = reverse("orders:close", args=[order.lines.first().pk])

    assert "reason" in as_cora.post(url, {"reason": " "}).context["form"].errors
    as_cora.post(url, {"reason": "Moved abroad"})
    assert OrderLine.objects.filter(closed_by__isnull=False).count() == 1


def test_order_page_live_update_returns_204_until_live_version_changes(as_cora, order):
    page = as_cora.get(order_url(order)).content.decode()
    version = re.search(r'data-live-version="(\d+)"', page)[1]
    url = reverse("orders:live", args=[order.pk])
    before = AuditEvent.objects.count()

    silent = as_cora.get(url, {"v": version})
    assert (silent.status_code, AuditEvent.objects.count()) == (204, before)

    Patient.objects.touch_live_version([order.patient_id])
    assert b'id="order"' in as_cora.get(url, {"v": version}).content
    assert AuditEvent.objects.count() == before + 1


def test_order_page_escapes_vendor_texts(as_cora, order, client):
    sending.send_due_calls(client)
    order.lines.first().call.device.__class__.objects.update(
        tracking_link="javascript:alert(1)",
        invalid_address="<img src=x onerror=alert(1)>",
        unconfirmed_status="<b>Shipped",
    )

    page = as_cora.get(order_url(order)).content.decode()

    assert "<img" not in page
    assert 'href="javascript' not in page
    assert "&lt;img" in page


def test_order_page_query_count_does_not_grow_with_devices(
    as_cora, order, elm, rosa, cora, scale, cuff, client, django_assert_num_queries
):
    large = orders.place(
        patient=PatientFactory(clinic=elm),
        kit=KitFactory(clinic=elm, items=[(scale, 4), (cuff, 4)]),
        ship_to=SHIPPING_ADDRESS,
        by=cora,
        submission_id=uuid.uuid4(),
    )
    sending.send_due_calls(client)
    tracking.update_order_lines()
    as_cora.get(order_url(order))

    assert count_queries(as_cora, order_url(order)) == count_queries(as_cora, order_url(large))


def test_order_page_shows_cancellation_rejected_by_vendor(as_cora, order, client, sim):
    sending.send_due_calls(client)
    tracking.update_order_lines()
    line = order.lines.select_related("call__device").first()
    sim.ship(str(line.call.device.hwi_id))
    as_cora.post(reverse("orders:cancel", args=[line.pk]))

    sending.send_due_calls(client)
    page = normalized_html(as_cora.get(order_url(order)))

    assert "Cancel before it ships: refused by the vendor" in page
    assert "Unlink it instead" in page
