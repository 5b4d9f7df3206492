"""An exception is listed within a minute of its cause: some wake the refresh at once, a sweep finds the rest."""

import pytest
from django.utils import timezone

from config.celery import WAKEUP_TASKS, app
from devices.models import Device
from devices.outbox import sending
from devices.patient_records import records
from devices.sync import upsert
from devices.tenovi import rate_limiter
from devices.tenovi.rate_limiter import ApiKey, RateLimiter, Slot
from devices.webhooks import self_test
from fulfillment import end_of_monitoring, tracking
from fulfillment.ordering import order_lines
from patients.enrollment import admission
from patients.queueing import wakeup
from tests.factories import ApiKeySlotFactory, DeviceFactory, PatientRecordFactory
from tests.fulfillment.worklist.causes import SITE, Clinic, ingest

pytestmark = pytest.mark.django_db


def test_sweep_and_refresh_take_less_than_a_minute_together():
    task, queue = WAKEUP_TASKS["exceptions"]
    entry = app.conf.beat_schedule["exceptions"]

    assert (entry["task"], entry["options"]["queue"]) == (task, queue)
    assert entry["schedule"] <= 30


def change_the_status_of_a_line(clinic):
    line = clinic.order_scale()
    Device.objects.filter(pk=line.call.device_id).update(state="on_hold")
    return tracking.update_order_lines


def refuse_an_end_of_monitoring(clinic):
    device = clinic.add_used_device()
    clinic.sim.faults.add("status", status=400, times=None)
    end_of_monitoring.end_device_monitoring(device=device, by=clinic.cora, reason="Moved")
    return lambda: sending.send_due_calls(clinic.client)


def lose_an_answer(clinic):
    clinic.sim.faults.add("reset_before", times=None)
    records.request_record(clinic.rosa, by=clinic.cora)
    return lambda: sending.send_due_calls(clinic.client)


def close_a_line(clinic):
    line = clinic.order_scale()
    clinic.vendor_says(line, "On Hold")
    line.refresh_from_db()
    return lambda: order_lines.close_line(line=line, by=clinic.cora, reason="Enough")


def discharge(clinic):
    return lambda: admission.discharge_patient(patient=clinic.rosa, by=clinic.cora, reason="moved")


def readmit(clinic):
    discharge(clinic)()
    return lambda: admission.readmit_patient(patient=clinic.rosa, by=clinic.cora)


def attach(clinic):
    device = DeviceFactory(patient=None, assignment=None)
    return lambda: upsert.attach_device(device, clinic.rosa)


def read_a_pin(clinic):
    device = clinic.add_used_device()
    return lambda: self_test.read_properties(device, clinic.client, site_url=SITE, unpin=False)


def refuse_the_key(clinic):
    key = ApiKey("a-key")
    ApiKeySlotFactory(bucket=key.bucket)
    slot = Slot(key, key.bucket, timezone.now(), earliest=0.0, opens=0.0)
    return lambda: RateLimiter([key], gap_seconds=0.0, for_user=True).mark_key_refused(slot, "401")


def clear_the_key(_clinic):
    slot = ApiKeySlotFactory(refused_since=timezone.now())
    return lambda: rate_limiter.clear_refused_key(slot.bucket)


def receive_what_can_not_be_read(clinic):
    device = clinic.add_used_device()
    return lambda: ingest(device, value_1="a lot")


def read_a_refused_address(clinic):
    record = PatientRecordFactory(patient=clinic.rosa)
    clinic.send()
    return lambda: records.store_answer(record, clinic.client.get_patient(clinic.add_used_device().patient.external_id))


@pytest.mark.parametrize(
    "prepare",
    [
        change_the_status_of_a_line, refuse_an_end_of_monitoring, lose_an_answer, close_a_line, discharge, readmit,
        attach, read_a_pin, refuse_the_key, clear_the_key, receive_what_can_not_be_read, read_a_refused_address,
    ],
)  # fmt: skip
def test_refresh_is_woken_when_a_cause_is_known(request, monkeypatch, django_capture_on_commit_callbacks, prepare):
    act, woken = prepare(Clinic(request)), []
    monkeypatch.setattr(wakeup.wakeup_publisher, "request_wakeup", woken.append)

    with django_capture_on_commit_callbacks(execute=True):
        act()

    assert "exceptions" in woken
