"""The pages on which monitoring ends."""

import html

from django.urls import reverse
from django.utils import timezone

from devices.models import Assignment, VendorCall
from devices.statuses import DeviceState
from fulfillment.forms.orders import LAST_DAY_WITHOUT_DISCHARGE
from fulfillment.views.end_of_monitoring import ALREADY_DISCHARGED_MESSAGE, NOTHING_LINKED_MESSAGE
from tests.factories import DeviceFactory, PatientFactory, VendorCallFactory
from tests.fulfillment.pages import normalized_html


def test_end_of_monitoring_page_lists_effect_on_each_device(as_cora, rosa):
    DeviceFactory(patient=rosa, gateway__hardware_uuid="A1B2C3D4E5F6", fulfilled=True)
    DeviceFactory(patient=rosa, state=DeviceState.REQUESTED, gateway=None, name="Tenovi Scale")

    page = normalized_html(as_cora.get(reverse("orders:end_for_patient", args=[rosa.pk])))

    assert "A1B2-C3D4-E5F6 is unlinked" in page
    assert "Tenovi Scale has not shipped and is cancelled" in page


def test_end_of_monitoring_page_unlinks_devices_and_discharges_patient(as_cora, rosa):
    DeviceFactory(patient=rosa, fulfilled=True)

    as_cora.post(reverse("orders:end_for_patient", args=[rosa.pk]), {"reason": "moved", "discharge": "on"})

    rosa.refresh_from_db()
    assert VendorCall.objects.get().kind == "unlink"
    assert rosa.discharged_at is not None


def test_end_of_monitoring_page_for_one_device_leaves_other_devices(as_cora, rosa):
    device, other = DeviceFactory(patient=rosa, fulfilled=True), DeviceFactory(patient=rosa, fulfilled=True)

    as_cora.post(reverse("orders:end_for_device", args=[rosa.pk, device.hwi_id]), {"reason": "Broken"})

    assert VendorCall.objects.get().device == device
    assert other.vendor_calls.count() == 0


def test_end_of_monitoring_page_refuses_device_of_another_patient(as_cora, rosa, harbor):
    foreign = DeviceFactory(patient=PatientFactory(clinic=harbor))

    answer = as_cora.post(reverse("orders:end_for_device", args=[rosa.pk, foreign.hwi_id]), {"reason": "Broken"})

    assert answer.status_code == 404
    assert not VendorCall.objects.exists()


def test_end_of_monitoring_page_rejects_future_last_day_and_asks_nothing_of_the_vendor(as_cora, rosa):
    DeviceFactory(patient=rosa, fulfilled=True)
    typed = {"reason": "moved", "discharge": "on", "last_day": "2999-01-01"}

    answer = as_cora.post(reverse("orders:end_for_patient", args=[rosa.pk]), typed)

    assert "This date is in the future." in answer.content.decode()
    assert not VendorCall.objects.exists()


def test_end_of_monitoring_page_says_with_the_proof_that_device_is_no_longer_charged(as_cora, rosa):
    now = timezone.now()
    device = DeviceFactory(
        patient=rosa,
        state=DeviceState.UNLINKED,
        vendor_status="Unlinked",
        unlinked_on=now,
        gateway=None,
        fetched_at=now,
    )
    Assignment.objects.filter(device=device).update(ended_at=now)

    page = normalized_html(as_cora.get(reverse("orders:end_for_patient", args=[rosa.pk])))

    assert "No longer linked, so no longer charged." in page
    assert "Status “Unlinked”, no hardware, unlinked on" in page
    assert "Detach it" not in page


def test_end_of_monitoring_page_leads_to_detaching_while_the_vendor_names_the_patient(as_cora, rosa):
    now = timezone.now()
    device = DeviceFactory(
        patient=rosa, state=DeviceState.UNLINKED, vendor_status="Unlinked", unlinked_on=now, gateway=None,
        fetched_at=now, vendor_patient_id=rosa.external_id,
    )  # fmt: skip
    Assignment.objects.filter(device=device).update(ended_at=now)

    page = as_cora.get(reverse("orders:end_for_patient", args=[rosa.pk])).content.decode()

    assert f'<a href="{reverse("devices:page", args=[device.hwi_id])}">Detach it' in page


def test_end_of_monitoring_page_leads_to_the_call_that_a_person_must_decide(as_cora, rosa):
    device = DeviceFactory(patient=rosa, fulfilled=True)
    call = VendorCallFactory(kind="unlink", state="needs_review", patient=rosa, device=device)

    page = as_cora.get(reverse("orders:end_for_device", args=[rosa.pk, device.hwi_id])).content.decode()

    assert reverse("orders:call", args=[call.pk]) in page


def test_end_of_monitoring_page_refuses_last_day_without_discharge_and_shows_what_was_typed(as_cora, rosa):
    DeviceFactory(patient=rosa, fulfilled=True)
    typed = {"reason": "moved", "last_day": "2026-11-30"}

    page = as_cora.post(reverse("orders:end_for_patient", args=[rosa.pk]), typed).content.decode()

    assert LAST_DAY_WITHOUT_DISCHARGE in html.unescape(page)
    assert 'value="2026-11-30"' in page
    assert not VendorCall.objects.exists()


def test_end_of_monitoring_page_says_that_patient_was_discharged_already(as_cora, rosa):
    url, typed = reverse("orders:end_for_patient", args=[rosa.pk]), {"reason": "moved", "discharge": "on"}
    as_cora.post(url, typed)

    page = as_cora.post(url, typed | {"last_day": "2026-11-30"}, follow=True).content.decode()

    assert ALREADY_DISCHARGED_MESSAGE in page
    assert NOTHING_LINKED_MESSAGE in page
