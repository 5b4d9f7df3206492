import datetime as dt
import itertools
import json
from decimal import Decimal

import pytest
from django.utils import timezone

from devices.inbox import maintenance, payload_parsing
from devices.models import Assignment, Delivery
from devices.sync import upsert
from measurements.ingest import pipeline
from measurements.models import LatestReading, Measurement, Metric
from tests.factories import DeviceFactory, PatientFactory
from tests.measurements.webhook_items import SECRET, measurement_item, receive_and_ingest
from tests.page_texts import page_text

pytestmark = pytest.mark.django_db

DONE, WAITING, QUARANTINED = Delivery.State.DONE, Delivery.State.WAITING, Delivery.State.QUARANTINED
TAKEN = dt.datetime(2026, 9, 20, 12, 30, tzinfo=dt.UTC)


def test_ingest_stores_single_item_as_reading_of_assigned_patient(cuff, rosa):
    delivery = receive_and_ingest(measurement_item(cuff))

    reading = Measurement.objects.get()
    assert (reading.patient, reading.device, reading.metric_id) == (rosa, cuff, "blood_pressure")
    assert (reading.value_1, reading.value_2, reading.taken_at, reading.index) == (131, 84, TAKEN, 41)
    assert reading.vendor_created_at is None, "a webhook's created only repeats the time taken"
    assert delivery.state == DONE


def test_ingest_stores_every_item_of_list(cuff):
    receive_and_ingest(
        [measurement_item(cuff), measurement_item(cuff, metric="pulse", value_1="76.00", value_2="0.00")]
    )

    assert sorted(Measurement.objects.values_list("metric_id", flat=True)) == ["blood_pressure", "pulse"]


def test_ingest_stores_list_of_a_thousand_readings(client, cuff):
    minutes = (TAKEN + dt.timedelta(minutes=n) for n in range(1000))
    body = [measurement_item(cuff, timestamp=at.isoformat(), created=at.isoformat()) for at in minutes]

    answer = client.post(
        "/hooks/tenovi/measurements/", body, content_type="application/json", HTTP_AUTHORIZATION=SECRET
    )
    pipeline.ingest_waiting_deliveries()

    assert (answer.status_code, Measurement.objects.count()) == (204, 1000)


def test_ingest_stores_shuffled_copies_once(cuff):
    readings = [measurement_item(cuff, value_1=f"{120 + n}.00") for n in range(5)]

    for copies in itertools.islice(itertools.permutations(readings), 6):
        receive_and_ingest(list(copies))

    assert Measurement.objects.count() == 5


@pytest.mark.parametrize(
    ("written", "stored"),
    [("131.00", "131"), (131, "131"), (131.5, "131.5"), ("131.005", "131.01"), (" 131 ", "131"), ("-4.2", "-4.2")],
)
def test_ingest_parses_text_or_number_and_rounds_half_up(cuff, written, stored):
    receive_and_ingest(measurement_item(cuff, metric="temperature", value_1=written))

    assert Measurement.objects.get().value_1 == Decimal(stored)


@pytest.mark.parametrize("absent", [None, "", "N/A", ...])
def test_ingest_treats_absent_and_zero_second_value_as_same_reading(cuff, absent):
    receive_and_ingest(measurement_item(cuff, metric="weight", value_2=absent))
    receive_and_ingest(measurement_item(cuff, metric="weight", value_2="0.00"))

    assert Measurement.objects.get().value_2 is None


def test_ingest_stores_unknown_metric(cuff):
    receive_and_ingest(measurement_item(cuff, metric="grip_strength", value_1="31"))

    assert Measurement.objects.get().metric == Metric.objects.get(code="grip_strength", known=False)


def test_ingest_maps_legacy_glucose_metric_name(cuff):
    receive_and_ingest(measurement_item(cuff, metric="blood_glucose", value_1="110"))

    assert (Measurement.objects.get().metric_id, Measurement.objects.get().raw_metric) == ("glucose", "blood_glucose")


@pytest.mark.parametrize("written", ["Fasting", "FASTING", " fasting ", "Pre Prandial", "pre_prandial"])
def test_ingest_of_meal_context_in_any_spelling_is_judged_by_its_goal(as_nadia, cuff, rosa, written):
    receive_and_ingest(
        measurement_item(cuff, metric="glucose", value_1="140.00", filter_params={"meal_context": written})
    )

    page = page_text(as_nadia.get(f"/patients/{rosa.pk}/"))
    label = "fasting" if written.strip().lower() == "fasting" else "before a meal"
    assert f"140 {label} mg/dL" in page
    assert "above goal" in page, "which is below 130 there, and below 180 in general"


def test_ingest_of_legacy_payload_takes_time_from_created_field(cuff):
    receive_and_ingest(measurement_item(cuff, timestamp=..., estimated_timestamp=..., created="2026-09-20T12:30:41Z"))

    reading = Measurement.objects.get()
    assert (reading.taken_at, reading.time_source) == (TAKEN + dt.timedelta(seconds=41), "created")


def test_ingest_of_unknown_device_waits_and_stores_no_reading(rosa):
    delivery = receive_and_ingest(measurement_item("12345678-abcd-1234-abcd-1234567890ab", patient_id=rosa.external_id))

    assert delivery.state == WAITING
    assert not Measurement.objects.exists()


def test_ingest_stores_waiting_delivery_when_device_is_attached(rosa):
    device = DeviceFactory(patient=None, assignment=None)
    receive_and_ingest(measurement_item(device.hwi_id, patient_id=rosa.external_id))

    upsert.attach_device(device, rosa)
    receive_and_ingest(measurement_item("12345678-abcd-1234-abcd-1234567890ab"))

    assert Measurement.objects.get().patient == rosa


def test_ingest_attributes_late_reading_to_patient_assigned_at_that_time(cuff, rosa, elm):
    later = PatientFactory(clinic=elm)
    handover = TAKEN + dt.timedelta(days=1)
    cuff.assignments.update(ended_at=handover)
    Assignment.objects.create(device=cuff, patient=later, started_at=handover)

    receive_and_ingest(measurement_item(cuff, patient_id=later.external_id))
    receive_and_ingest(measurement_item(cuff, timestamp="2026-09-22T08:00:00Z", patient_id=later.external_id))

    assert list(Measurement.objects.order_by("taken_at").values_list("patient", flat=True)) == [rosa.pk, later.pk]


def test_ingest_quarantines_reading_taken_after_assignment_ended(cuff):
    cuff.assignments.update(ended_at=TAKEN - dt.timedelta(days=1))

    assert receive_and_ingest(measurement_item(cuff)).state == QUARANTINED
    assert not Measurement.objects.exists()


def test_ingest_quarantines_item_with_mismatched_patient_id(cuff):
    assert receive_and_ingest(measurement_item(cuff, patient_id="54321")).state == QUARANTINED
    assert not Measurement.objects.exists()


@pytest.mark.parametrize("patient_id", ["\u0130D-1", "i\u0307d-1"])
def test_ingest_folds_patient_id_as_the_stored_one_was_folded(cuff, patient_id):
    cuff.patient.external_id = "\u0130D-1"
    cuff.patient.save(update_fields=["external_id"])

    assert receive_and_ingest(measurement_item(cuff, patient_id=patient_id)).state == DONE


def test_ingest_compares_patient_id_ignoring_case(cuff):
    assert receive_and_ingest(measurement_item(cuff, patient_id=cuff.patient.external_id.upper())).state == DONE


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
    "index of 4,000 digits": {"filter_params": {"measurement_index": 10**3999}},
    "no device": {"hwi_device_id": None},
}


@pytest.mark.parametrize("changes", HOSTILE.values(), ids=HOSTILE)
def test_ingest_quarantines_bad_item_with_reason_and_stores_the_others(cuff, changes):
    good = measurement_item(cuff, metric="weight", value_1="187.40")

    delivery = receive_and_ingest(
        [good, measurement_item(cuff, **changes), measurement_item(cuff, metric="pulse", value_1="70")]
    )

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
def test_ingest_of_malformed_body_ends_in_definite_state(body, state):
    assert receive_and_ingest(body).state == state


def test_ingest_accepts_byte_order_mark(cuff):
    assert receive_and_ingest(b"\xef\xbb\xbf" + json.dumps(measurement_item(cuff)).encode()).state == DONE


def test_ingest_repairs_and_flags_text_postgresql_cannot_store(cuff):
    delivery = receive_and_ingest(measurement_item(cuff, sensor_code="10\x00", filter_params={"note": "\ud800"}))

    reading = Measurement.objects.get()
    assert (reading.sensor_code, reading.filter_params) == ("10\ufffd", {"note": "\ufffd"})
    assert delivery.flagged


@pytest.mark.parametrize("params", [{"measurement_index": "one"}, {"measurement_index": 2**40}, ["finger"], 5])
def test_ingest_stores_reading_without_decoration_that_is_unreadable_and_notes_it(cuff, params):
    delivery = receive_and_ingest(measurement_item(cuff, metric="glucose", value_1="40", filter_params=params))

    assert (Measurement.objects.get().value_1, Measurement.objects.get().index) == (40, 0)
    assert (delivery.state, delivery.flagged) == (DONE, True)
    name = "measurement_index" if isinstance(params, dict) else "filter_params"
    assert delivery.reason == f"Read without what could not be understood: {name}."


def test_ingest_notes_unreadable_decorations_of_a_list_once(cuff):
    odd = {"estimated_timestamp": "maybe", "timezone_offset": 5.5}
    delivery = receive_and_ingest([measurement_item(cuff, **odd), measurement_item(cuff, metric="pulse", **odd)])

    assert Measurement.objects.filter(estimated=False, timezone_offset=None).count() == 2
    assert delivery.reason == "Read without what could not be understood: estimated_timestamp, timezone_offset."


def test_pull_stores_reading_with_unreadable_decoration_and_a_delivery_that_notes_it(cuff):
    item = measurement_item(cuff, created="yesterday", timestamp="2026-09-20 12:30:00+0000")

    for _ in range(2):
        stored, set_aside = pipeline.ingest_pulled_items([payload_parsing.parse_item(item)])

    assert (Measurement.objects.get().taken_at, Measurement.objects.get().vendor_created_at) == (TAKEN, None)
    assert (stored.already_stored, set_aside) == (1, 0)
    note = Delivery.objects.get()
    assert (note.state, note.reason) == (DONE, "Read without what could not be understood: created.")


@pytest.mark.parametrize("spelling", ["blood_\u202eerusserp", "blood_\\u202Eerusserp", "\u2067weight"])
def test_ingest_marks_a_metric_name_that_turns_the_direction_of_text(cuff, spelling):
    body = json.dumps(measurement_item(cuff, metric="?")).replace("?", spelling).encode()
    delivery = receive_and_ingest(body)

    assert delivery.flagged
    assert "\ufffd" in Measurement.objects.get().metric.label


def test_ingest_replay_of_all_deliveries_changes_nothing(cuff):
    receive_and_ingest(
        [
            measurement_item(cuff),
            measurement_item(cuff, value_1=None),
            measurement_item(cuff, metric="weight", value_1="187.4"),
        ]
    )
    receive_and_ingest(b"[")
    before = list(Measurement.objects.values()), list(LatestReading.objects.values()), Delivery.objects.count()

    maintenance.replay_deliveries(Delivery.objects.all())
    receive_and_ingest(b"[]")

    after = list(Measurement.objects.values()), list(LatestReading.objects.values()), Delivery.objects.count() - 1
    assert after == before


def test_latest_reading_is_the_one_taken_last_not_received_last(cuff):
    receive_and_ingest(measurement_item(cuff, value_1="140", timestamp="2026-09-21T12:00:00Z"))
    receive_and_ingest(measurement_item(cuff, value_1="120", timestamp="2026-09-20T12:00:00Z"))

    assert LatestReading.objects.get().value_1 == 140


def test_ingest_flags_control_solution_and_excludes_it_from_latest_readings(cuff):
    receive_and_ingest(
        measurement_item(
            cuff, metric="glucose", value_1="110", filter_params={"measurement_location": "control solution"}
        )
    )

    assert Measurement.objects.get().control
    assert not LatestReading.objects.exists()


def test_ingest_marks_device_connected_and_updates_battery(cuff):
    type(cuff).objects.update(state="shipped")
    receive_and_ingest([measurement_item(cuff), measurement_item(cuff, metric="battery_percentage", value_1="62")])

    cuff.refresh_from_db()
    assert (cuff.state, cuff.first_reading_at, cuff.battery_percent) == ("connected", TAKEN, 62)
    assert cuff.last_seen_at is not None


def test_ingest_of_new_reading_increases_live_version(cuff, rosa):
    before = rosa.live_version
    receive_and_ingest(measurement_item(cuff))
    rosa.refresh_from_db()

    assert rosa.live_version > before


def test_ingest_of_repeated_reading_preserves_live_version(cuff, rosa):
    receive_and_ingest(measurement_item(cuff))
    rosa.refresh_from_db()
    before = rosa.live_version
    receive_and_ingest(measurement_item(cuff))
    rosa.refresh_from_db()

    assert rosa.live_version == before
