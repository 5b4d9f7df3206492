"""Shipping test: a device of a test patient at the vendor, its messages through our receiver, and its deletion."""

import pytest
from django.urls import reverse

from devices.models import Device, VendorCall
from devices.models.vendor_call import CallState
from devices.outbox import sending
from fulfillment import tracking
from fulfillment.shipping_tests import shipping_tests
from fulfillment.shipping_tests.models import ShippingTest
from fulfillment.worklist.sources import account
from patients.models import AuditEvent, Patient
from tests.page_texts import strip_markup
from tests.simulated_vendor import client, no_retry_delays, scale, sim

__all__ = ["client", "no_retry_delays", "scale", "sim"]

pytestmark = pytest.mark.django_db
SITE = "https://rpm.example"
PAGE = "admin:shipping_tests_page"


@pytest.fixture
def as_ada(client_of, ada):
    return client_of(ada)


@pytest.fixture
def press(as_ada):
    """A button of the page; the text of the page that follows."""

    def pressed(button, **fields):
        return strip_markup(as_ada.post(reverse(PAGE), {button: "1", **fields}, follow=True).content.decode())

    return pressed


@pytest.fixture
def begun(press, scale, client):
    """A test whose device exists at the vendor."""
    press("begin", device_type=scale.pk)
    sending.send_due_calls(client)
    return ShippingTest.objects.get()


def test_shipping_test_creates_follows_and_deletes_a_device_of_no_patient_here(
    receive, press, scale, client, sim, as_ada, ada
):
    assert "Waiting to be sent" in press("begin", device_type=scale.pk)
    sending.send_due_calls(client)
    receive()
    device = ShippingTest.objects.get().device
    assert sim.device(str(device.hwi_id))["device"]["fulfillment_request"]["client_will_fulfill"] is True
    assert (device.patient, Patient.objects.count()) == (None, 0)
    assert list(account.find_unknown_devices(None)) == []
    page = as_ada.get(reverse(PAGE))
    assert page["Refresh"]
    assert "Pending Shipment" in page.content.decode()

    sim.set_status(str(device.hwi_id), "On Hold")  # a person edits its shipping in the vendor's web app
    receive()
    tracking.refresh_due_devices(client)
    text = strip_markup(as_ada.get(reverse(PAGE)).content.decode())
    assert "Further messages that have arrived: 1." in text
    assert "On Hold" in text

    assert "being deleted" in press("end")
    sending.send_due_calls(client)
    assert sim.devices() == []
    assert ShippingTest.objects.get().is_over
    assert AuditEvent.objects.filter(actor_id=ada.pk, target__startswith="shipping_test:").count() == 2
    assert "Create the test device" in as_ada.get(reverse(PAGE)).content.decode()


def test_device_whose_deletion_the_vendor_refuses_is_unlinked(begun, press, client, sim):
    sim.faults.add("status", status=400, body={"detail": "Fulfilled."}, match={"method": "DELETE"})
    press("end")
    sending.send_due_calls(client)
    assert not ShippingTest.objects.get().is_over

    press("end")
    sending.send_due_calls(client)

    assert ShippingTest.objects.get().is_over
    assert [call.kind for call in VendorCall.objects.order_by("created_at")] == ["order", "delete", "unlink"]


def test_second_test_waits_for_the_end_of_the_first(begun, press, scale):
    assert shipping_tests.STILL_OPEN in press("begin", device_type=scale.pk)
    assert "being deleted" in press("end")
    assert shipping_tests.BEING_ENDED in press("end")
    assert VendorCall.objects.count() == 2


@pytest.mark.parametrize(
    ("state", "words", "after"),
    [
        ("queued", "Withdrawn before it was sent", "cancelled"),
        ("needs_review", "Given up", "abandoned"),
        ("unknown", "being sent to the vendor now", "unknown"),
    ],
)
def test_test_without_a_device_is_withdrawn_or_given_up(press, scale, state, words, after):
    press("begin", device_type=scale.pk)
    VendorCall.objects.update(state=state)

    assert words in press("end")
    assert VendorCall.objects.get().state == CallState(after)


def test_begin_without_a_device_type_says_so(press):
    assert "Choose the device that the test creates." in press("begin", device_type="")
    assert not ShippingTest.objects.exists()


def test_shipping_test_is_for_administrators(client_of, cora, scale):
    client_of(cora).post(reverse(PAGE), {"begin": "1", "device_type": scale.pk})

    assert not ShippingTest.objects.exists()
    assert not Device.objects.exists()
