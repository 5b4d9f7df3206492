"""What a patient's device sent in vain: the patient's page says so, without a value."""

import datetime as dt
import json

import pytest
from django.utils import timezone

from devices.inbox import maintenance
from devices.models import Delivery
from measurements.readings.unreadable import fetch_unreadable_deliveries
from tests.factories import DeviceFactory, PatientFactory
from tests.measurements.webhook_items import measurement_item, receive_and_ingest
from tests.page_texts import page_text

pytestmark = pytest.mark.django_db


def unreadable_of(patient, **wanted):
    return fetch_unreadable_deliveries(patient, now=timezone.now(), **wanted)


def text_of(item):
    return json.dumps(item).encode()


UNREADABLE = {
    "value": lambda cuff: measurement_item(cuff, value_1="forty"),
    "NaN": lambda cuff: text_of(measurement_item(cuff, value_1=7)).replace(b'"value_1": 7', b'"value_1": NaN'),
    "key twice": lambda cuff: text_of(measurement_item(cuff)).replace(b"{", b'{"value_1": "40", ', 1),
    "cut off": lambda cuff: text_of(measurement_item(cuff))[:-20],
    "one of a list": lambda cuff: [measurement_item(cuff), measurement_item(cuff, metric=None)],
    "NaN in a list": lambda cuff: text_of([measurement_item(cuff, timezone_offset=7)]).replace(b": 7", b": NaN"),
}


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE)
def test_unreadable_delivery_is_known_by_its_device(cuff, rosa, body):
    receive_and_ingest(body(cuff))

    assert [each.device_name for each in unreadable_of(rosa)] == [cuff.name]


def test_unreadable_delivery_shows_on_patient_and_device_page_without_its_text(as_nadia, cuff, rosa):
    delivery = receive_and_ingest(measurement_item(cuff, value_1="forty-two"))

    for page in (f"/patients/{rosa.pk}/", f"/patients/{rosa.pk}/print/", f"/devices/{cuff.hwi_id}/"):
        shown = page_text(as_nadia.get(page))
        assert f"{cuff.name} sent something that can't be read on" in shown, page
        assert f"delivery {delivery.pk}" in shown
        assert "forty-two" not in shown


def test_unreadable_delivery_text_is_found_by_administrators(client_of, ada, cuff):
    delivery = receive_and_ingest(measurement_item(cuff, value_1="forty-two"))

    as_ada = client_of(ada)
    assert as_ada.get(f"/admin/devices/delivery/{delivery.pk}/change/").status_code == 200
    assert f"/{delivery.pk}/" in as_ada.get("/admin/devices/delivery/", {"q": str(cuff.hwi_id)}).content.decode()


def test_unreadable_delivery_makes_open_pages_of_its_patient_reload(cuff, rosa, django_capture_on_commit_callbacks):
    before = rosa.live_version
    with django_capture_on_commit_callbacks(execute=True):
        receive_and_ingest(measurement_item(cuff, value_1="forty"))
    rosa.refresh_from_db()

    assert rosa.live_version > before


def test_unreadable_delivery_no_longer_shows_when_dismissed_old_or_replayed(cuff, rosa):
    receive_and_ingest(measurement_item(cuff, value_1="forty"))
    assert len(unreadable_of(rosa)) == 1

    later = timezone.now() + dt.timedelta(days=31)
    assert fetch_unreadable_deliveries(rosa, now=later) == []
    maintenance.dismiss_deliveries(Delivery.objects.all(), reason="a test")
    assert unreadable_of(rosa) == []


def test_unreadable_delivery_is_not_shown_to_other_patients_and_devices(cuff, rosa, elm):
    other = DeviceFactory(patient=PatientFactory(clinic=elm))
    receive_and_ingest(measurement_item(cuff, value_1="forty"))

    assert unreadable_of(other.patient) == []
    assert unreadable_of(rosa, device=DeviceFactory(patient=rosa)) == []
    assert len(unreadable_of(rosa, device=cuff)) == 1


def test_unreadable_delivery_of_two_devices_is_shown_nowhere(cuff, rosa):
    other = DeviceFactory(patient=rosa)
    receive_and_ingest(text_of([measurement_item(cuff), measurement_item(other)])[:-5])

    assert unreadable_of(rosa) == []


def test_reading_of_another_patient_is_not_called_unreadable(cuff, rosa):
    receive_and_ingest(measurement_item(cuff, patient_id="pt-of-another"))

    assert Delivery.objects.get().state == Delivery.State.QUARANTINED
    assert unreadable_of(rosa) == []
