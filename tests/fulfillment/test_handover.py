"""Hardware given to another patient: what it had stored lands on the one who took the reading, through the webhooks."""

import datetime as dt
import json

import pytest
from django.test import Client
from django.utils import timezone

from devices import former_hardware
from devices.models import Assignment, Delivery, Device, HardwareChange
from devices.sync import upsert
from fulfillment import end_of_monitoring, end_progress, tracking
from measurements.ingest import pipeline
from measurements.models import Measurement
from tests.factories import DeviceFactory, DeviceTypeFactory, PatientFactory
from tests.fulfillment.order_steps import send_calls
from tests.measurements.webhook_items import SECRET

GATEWAY = "A1B2C3D4E5F6"
HOUR = dt.timedelta(hours=1)
METRICS = {"Tenovi Scale": ("weight", "13"), "Tenovi BPM - L": ("blood_pressure", "10")}


@pytest.fixture
def walter(elm):
    return PatientFactory(clinic=elm, given_name="Walter", family_name="Briggs")


@pytest.fixture
def handed_over(client, sim, rosa, walter, cora, scale, cuff, place_activation):
    """Scale and cuff on one gateway were Rosa's until two hours ago and are Walter's now. Returns the four devices by
    patient and name."""
    for device_type in (scale, cuff):
        place_activation(device_type=device_type)
    send_calls(client)
    end_of_monitoring.end_patient_monitoring(patient=rosa, by=cora, reason="Recovered")
    send_calls(client)
    tracking.refresh_due_devices(client)
    ended_at = timezone.now() - 2 * HOUR
    Assignment.objects.filter(patient=rosa).update(ended_at=ended_at)
    HardwareChange.objects.update(detected_at=ended_at)
    for device_type in (scale, cuff):
        place_activation(device_type=device_type, patient=walter)
    send_calls(client)
    return {(device.patient, device.name): device for device in Device.objects.all()}


def send_reading(device, *, value, taken_at):
    """Posted to the webhook receiver, then drained."""
    metric, sensor_code = METRICS[device.name]
    item = {
        "metric": metric, "device_name": device.name, "hwi_device_id": str(device.hwi_id), "hardware_uuid": GATEWAY,
        "patient_id": device.patient.external_id, "sensor_code": sensor_code, "value_1": f"{value}.00",
        "value_2": "80.00" if metric == "blood_pressure" else None, "timestamp": taken_at.isoformat(),
        "created": taken_at.isoformat(), "estimated_timestamp": False,
    }  # fmt: skip
    answer = Client().post(
        "/hooks/tenovi/measurements/", json.dumps(item), content_type="application/json", HTTP_AUTHORIZATION=SECRET
    )
    assert answer.status_code == 204


@pytest.mark.parametrize("name", METRICS)
def test_late_reading_lands_on_the_patient_who_had_the_hardware(handed_over, rosa, walter, name):
    rosas, walters = handed_over[rosa, name], handed_over[walter, name]
    now = timezone.now()
    before, between, after = now - 3 * HOUR, now - HOUR, now + dt.timedelta(minutes=2)

    for offset, device in ((0, rosas), (10, walters)):
        for value, taken_at in ((121, before), (122, between), (123, after)):
            taken_at += dt.timedelta(minutes=offset / 10)
            send_reading(device, value=value + offset, taken_at=taken_at)
    pipeline.ingest_waiting_deliveries()

    # What the hardware took in Rosa's time, under the old id and under the new one; nothing of the time between.
    stored = Measurement.objects.order_by("value_1").values_list("value_1", "patient", "device")
    assert [(int(value), *rest) for value, *rest in stored] == [
        (121, rosa.pk, rosas.pk), (131, rosa.pk, rosas.pk), (133, walter.pk, walters.pk),
    ]  # fmt: skip
    quarantined = Delivery.objects.filter(state=Delivery.State.QUARANTINED)
    assert quarantined.count() == 3
    assert {each.reason for each in quarantined} == {
        "This device was not assigned to a patient when the reading was taken."
    }


def test_progress_of_handed_over_devices_proves_the_end_for_the_first_patient(handed_over, rosa, walter):
    assert [each.words for each in end_progress.list_progress(rosa)] == [end_progress.PROVEN] * 2
    assert end_progress.list_progress(walter) == []


def test_hardware_of_no_other_patient_leaves_its_first_holder_the_earlier_readings(rosa, walter, scale):
    own = DeviceFactory(patient=rosa, device_type=scale, gateway__hardware_uuid=GATEWAY)
    other_kind = DeviceFactory(patient=walter, device_type=DeviceTypeFactory(sensor_code="39"), gateway=own.gateway)

    assert former_hardware.handover_time(own) is None
    assert former_hardware.handover_time(other_kind) is None


def test_reading_of_hardware_that_two_patients_had_at_once_is_nobodys(rosa, walter, elm, scale):
    """Both were on the gateway with such a device, so whose the reading is is not known."""
    now = timezone.now()
    first = DeviceFactory(patient=rosa, device_type=scale, gateway__hardware_uuid=GATEWAY)
    DeviceFactory(patient=walter, device_type=scale, gateway=first.gateway)
    third = DeviceFactory(
        patient=PatientFactory(clinic=elm), device_type=scale, gateway=first.gateway, assignment=None, name=first.name
    )
    upsert.update_assignment(third, third.patient, None)

    send_reading(third, value=151, taken_at=now - HOUR)
    pipeline.ingest_waiting_deliveries()

    assert third.assignments.get().started_at >= now
    assert Delivery.objects.get().state == Delivery.State.QUARANTINED
