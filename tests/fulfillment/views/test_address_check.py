"""An order's page shows what the vendor says about the address; a refused one needs a person's word."""

import pytest
from django.urls import reverse

from devices.models import VendorCall
from devices.models.vendor_call import CallKind
from devices.outbox import sending
from devices.patient_records import records
from devices.patient_records.models import AddressStatus, PatientRecord
from fulfillment.models import Order
from tests.factories import UserFactory
from tests.fulfillment.views.test_order_create import order_form_data, order_form_url
from tests.page_texts import missing_words, page_text

pytestmark = pytest.mark.usefixtures("kit")


@pytest.fixture
def refused(rosa, cora, client):
    """A patient whose address the vendor has refused."""
    rosa.street = "1 CLIENTACTION Way"
    rosa.save()
    records.request_record(rosa, by=cora)
    sending.send_due_calls(client)
    return rosa


def order_page(browser, patient):
    return browser.get(order_form_url(patient))


def place(browser, patient, kit, **changes):
    return browser.post(order_form_url(patient), order_form_data(order_page(browser, patient), kit, **changes))


def test_order_page_has_the_vendor_asked_about_the_address_and_shows_the_answer(as_cora, rosa, client):
    first = order_page(as_cora, rosa).content.decode()
    assert "data-check-address" in first
    assert "live.js" in first

    as_cora.post(reverse("orders:check_address", args=[rosa.pk]))
    assert missing_words(order_page(as_cora, rosa), "Being checked by the vendor", "10 seconds at most") == []
    sending.send_due_calls(client)

    live = as_cora.get(reverse("orders:address_live", args=[rosa.pk]))
    assert "Verified by the vendor" in page_text(live)
    assert "data-check-address" not in order_page(as_cora, rosa).content.decode()


def test_order_to_a_refused_address_is_refused_at_the_street(as_cora, refused, kit):
    answer = place(as_cora, refused, kit)

    assert "The vendor says that this address is not valid" in answer.context["form"].errors["street"][0]
    assert Order.objects.count() == 0


def test_order_to_a_confirmed_address_is_placed_and_reaches_the_vendor(as_cora, refused, kit, cora, client):
    assert place(as_cora, refused, kit, confirm_address="on").status_code == 302
    sending.send_due_calls(client)

    record = PatientRecord.objects.get()
    assert (record.override_by, record.address_status) == (cora, AddressStatus.VERIFIED)


def test_confirmation_on_the_page_of_the_address_needs_no_order(as_cora, refused, cora):
    assert missing_words(as_cora.get(reverse("orders:check_address", args=[refused.pk])), "The vendor would hold") == []

    as_cora.post(reverse("orders:check_address", args=[refused.pk]), {"confirm_address": "on"})

    assert PatientRecord.objects.get().override_by == cora


def test_order_to_another_address_than_the_patients_is_not_held_up(as_cora, refused, kit):
    assert place(as_cora, refused, kit, street="9 Birch Road").status_code == 302


def test_order_does_not_wait_for_an_address_that_was_never_checked(as_cora, rosa, kit):
    assert place(as_cora, rosa, kit).status_code == 302
    assert VendorCall.objects.filter(kind__in=CallKind.of_record()).count() == 1


def test_address_check_of_another_clinics_patient_is_not_found(client_of, rosa, harbor):
    other = client_of(UserFactory(role="coordinator", clinics=[harbor]))

    assert other.post(reverse("orders:check_address", args=[rosa.pk])).status_code == 404
    assert VendorCall.objects.count() == 0
