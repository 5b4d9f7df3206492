import datetime as dt
import itertools
from decimal import Decimal

import pytest
from django.utils import timezone

from devices.inbox import processing
from devices.models import Assignment, Delivery
from devices.sync import upsert
from measurements.models import LatestReading, Measurement, Metric
from tests.factories import DeviceFactory, PatientFactory
from tests.measurements.vendor import deliver, item

pytestmark = pytest.mark.django_db

DONE, WAITING, QUARANTINED = Delivery.State.DONE, Delivery.State.WAITING, Delivery.State.QUARANTINED
TAKEN = dt.datetime(2026, 9, 20, 12, 30, tzinfo=dt.UTC)


def test_one_object_becomes_one_reading_of_the_holder(cuff, rosa):
    delivery = deliver(item(cuff))

    reading = Measurement.objects.get()
    assert (reading.patient, reading.device, reading.metric_id) == (rosa, cuff, "blood_pressure")
    assert (reading.value_1, reading.value_2, reading.taken_at, reading.index) == (131, 84, TAKEN, 41)
    assert reading.vendor_created_at is None, "a webhook's created only repeats the time taken"
    assert delivery.state == DONE


def test_a_list_becomes_all_its_readings(cuff):
    deliver([item(cuff), item(cuff, metric="pulse", value_1="76.00", value_2="0.00")])

    assert sorted(Measurement.objects.values_list("metric_id", flat=True)) == ["blood_pressure", "pulse"]


def test_shuffled_copies_are_kept_once(cuff):
    readings = [item(cuff, value_1=f"{120 + n}.00") for n in range(5)]

    for copies in itertools.islice(itertools.permutations(readings), 6):
        deliver(list(copies))

    assert Measurement.objects.count() == 5


@pytest.mark.parametrize(
    ("written", "stored"),
    [("131.00", "131"), (131, "131"), (131.5, "131.5"), ("131.005", "131.01"), (" 131 ", "131"), ("-4.2", "-4.2")],
)
def test_values_come_as_text_or_number_and_are_rounded_half_up(cuff, written, stored):
    deliver(item(cuff, metric="temperature", value_1=written))

    assert Measurement.objects.get().value_1 == Decimal(stored)


@pytest.mark.parametrize("absent", [None, "", "N/A", ...])
def test_an_absent_second_value_is_null_and_the_same_reading_as_a_filler(cuff, absent):
    deliver(item(cuff, metric="weight", value_2=absent))
    deliver(item(cuff, metric="weight", value_2="0.00"))

    assert Measurement.objects.get().value_2 is None


def test_an_unknown_metric_is_kept(cuff):
    deliver(item(cuff, metric="grip_strength", value_1="31"))

    assert Measurement.objects.get().metric == Metric.objects.get(code="grip_strength", known=False)


def test_the_old_name_of_glucose_is_glucose(cuff):
    deliver(item(cuff, metric="blood_glucose", value_1="110"))

    assert (Measurement.objects.get().metric_id, Measurement.objects.get().raw_metric) == ("glucose", "blood_glucose")


def test_an_old_payload_takes_its_time_from_created_and_says_so(cuff):
    deliver(item(cuff, timestamp=..., estimated_timestamp=..., created="2026-09-20T12:30:41Z"))

    reading = Measurement.objects.get()
    assert (reading.taken_at, reading.time_source) == (TAKEN + dt.timedelta(seconds=41), "created")


def test_a_device_that_nobody_knows_creates_vitals_for_nobody(rosa):
    delivery = deliver(item("12345678-abcd-1234-abcd-1234567890ab", patient_id=rosa.external_id))

    assert delivery.state == WAITING
    assert not Measurement.objects.exists()


def test_what_waited_is_stored_when_its_device_appears(rosa):
    device = DeviceFactory(patient=None, assignment=None)
    deliver(item(device.hwi_id, patient_id=rosa.external_id))

    upsert.attach(device, rosa)
    deliver(item("12345678-abcd-1234-abcd-1234567890ab"))

    assert Measurement.objects.get().patient == rosa


def test_a_late_reading_goes_to_who_held_the_device_then(cuff, rosa, elm):
    later = PatientFactory(clinic=elm)
    handover = TAKEN + dt.timedelta(days=1)
    cuff.assignments.update(ended_at=handover)
    Assignment.objects.create(device=cuff, patient=later, started_at=handover)

    deliver(item(cuff, patient_id=later.external_id))
    deliver(item(cuff, timestamp="2026-09-22T08:00:00Z", patient_id=later.external_id))

    assert list(Measurement.objects.order_by("taken_at").values_list("patient", flat=True)) == [rosa.pk, later.pk]


def test_a_reading_from_after_the_end_is_nobodys(cuff):
    cuff.assignments.update(ended_at=TAKEN - dt.timedelta(days=1))

    assert deliver(item(cuff)).state == QUARANTINED
    assert not Measurement.objects.exists()


def test_a_stranger_as_patient_id_is_not_believed(cuff):
    assert deliver(item(cuff, patient_id="54321")).state == QUARANTINED
    assert not Measurement.objects.exists()


def test_the_patient_id_is_compared_ignoring_case(cuff):
    assert deliver(item(cuff, patient_id=cuff.patient.external_id.upper())).state == DONE


HOSTILE = {
    "no value": {"value_1": ...},
    "true as a value": {"value_1": True},
    "Arabic digits": {"value_1": "١٢٠"},
    "underscore": {"value_1": "1_000"},
    "exponent": {"value_1": "1e400"},
    "beyond": {"value_1": "9" * 25},
    "no diastolic": {"value_2": None},
    "year 10000": {"timestamp": "10000-01-01T00:00:00Z"},
    "year 1": {"timestamp": "0001-01-01T00:00:00+14:00"},
    "infinity": {"timestamp": "infinity"},
    "no zone": {"timestamp": "2026-09-20T12:30:00"},
    "too early": {"timestamp": "2014-12-31T23:59:59Z"},
    "tomorrow": {"timestamp": (timezone.now() + dt.timedelta(hours=25)).isoformat()},
    "no metric": {"metric": None},
    "long metric": {"metric": "x" * 65},
    "index": {"filter_params": {"measurement_index": "one"}},
    "huge index": {"filter_params": {"measurement_index": 2**40}},
    "params": {"filter_params": ["finger"]},
    "estimated": {"estimated_timestamp": "yes"},
    "no device": {"hwi_device_id": None},
}


@pytest.mark.parametrize("changes", HOSTILE.values(), ids=HOSTILE)
def test_a_bad_item_is_kept_apart_with_a_reason_and_costs_its_siblings_nothing(cuff, changes):
    good = item(cuff, metric="weight", value_1="187.40")

    delivery = deliver([good, item(cuff, **changes), item(cuff, metric="pulse", value_1="70")])

    assert Measurement.objects.count() == 2
    apart = Delivery.objects.get(parent=delivery)
    assert apart.state == QUARANTINED
    assert apart.reason.endswith(".")


BROKEN = {
    "empty list": (b"[]", DONE),
    "blank": (b"  ", QUARANTINED),
    "truncated": (b'{"metric": "weight"', QUARANTINED),
    "html": (b"<html>", QUARANTINED),
    "utf-16": ("{}".encode("utf-16"), QUARANTINED),
    "nan": (b'{"metric": "weight", "value_1": NaN}', QUARANTINED),
    "long integer": (b'{"value_1": ' + b"9" * 5000 + b"}", QUARANTINED),
    "deep": (b"[" * 5000 + b"]" * 5000, QUARANTINED),
    "deep object": (b'{"a":' * 6000 + b"1" + b"}" * 6000, QUARANTINED),
    "twice": (b'{"metric": "weight", "metric": "pulse"}', QUARANTINED),
    "twice with a space": (b'{"metric": "weight", "metric ": "pulse"}', QUARANTINED),
    "text after": (b"{} {}", QUARANTINED),
    "number": (b"17", QUARANTINED),
    "null": (b"null", QUARANTINED),
}


@pytest.mark.parametrize(("body", "state"), BROKEN.values(), ids=BROKEN)
def test_a_broken_body_ends_in_a_clear_state(body, state):
    assert deliver(body).state == state


def test_a_byte_order_mark_is_no_reason_to_refuse(cuff):
    import json

    assert deliver(b"\xef\xbb\xbf" + json.dumps(item(cuff)).encode()).state == DONE


def test_text_that_no_database_holds_is_repaired_and_flagged(cuff):
    delivery = deliver(item(cuff, sensor_code="10\x00", filter_params={"note": "\ud800"}))

    reading = Measurement.objects.get()
    assert (reading.sensor_code, reading.filter_params) == ("10\ufffd", {"note": "\ufffd"})
    assert delivery.flagged


def test_replaying_everything_changes_nothing(cuff):
    deliver([item(cuff), item(cuff, value_1=None), item(cuff, metric="weight", value_1="187.4")])
    deliver(b"[")
    before = list(Measurement.objects.values()), list(LatestReading.objects.values()), Delivery.objects.count()

    processing.replay(Delivery.objects.all())
    deliver(b"[]")

    after = list(Measurement.objects.values()), list(LatestReading.objects.values()), Delivery.objects.count() - 1
    assert after == before


def test_the_latest_reading_is_the_one_taken_last_whatever_comes_last(cuff):
    deliver(item(cuff, value_1="140", timestamp="2026-09-21T12:00:00Z"))
    deliver(item(cuff, value_1="120", timestamp="2026-09-20T12:00:00Z"))

    assert LatestReading.objects.get().value_1 == 140


def test_a_test_of_the_meter_is_marked_and_is_nobodys_latest_value(cuff):
    deliver(item(cuff, metric="glucose", value_1="110", filter_params={"measurement_location": "control solution"}))

    assert Measurement.objects.get().control
    assert not LatestReading.objects.exists()


def test_the_device_is_heard_of_and_connected(cuff):
    type(cuff).objects.update(state="shipped")
    deliver([item(cuff), item(cuff, metric="battery_percentage", value_1="62")])

    cuff.refresh_from_db()
    assert (cuff.state, cuff.first_reading_at, cuff.battery_percent) == ("connected", TAKEN, 62)
    assert cuff.last_heard_at is not None


def test_open_pages_of_the_patient_are_told(cuff, rosa):
    before = rosa.version
    deliver(item(cuff))
    rosa.refresh_from_db()

    assert rosa.version > before


def test_what_is_not_news_tells_nobody(cuff, rosa):
    deliver(item(cuff))
    rosa.refresh_from_db()
    before = rosa.version
    deliver(item(cuff))
    rosa.refresh_from_db()

    assert rosa.version == before
