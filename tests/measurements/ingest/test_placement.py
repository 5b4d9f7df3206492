"""Readings of a device whose clock is ahead: placed once at our receipt, recognised by their stamp ever after."""

import datetime as dt

import pytest
import time_machine
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.inbox import maintenance
from devices.inbox.payload_parsing import parse_item
from devices.models import Delivery
from measurements.ingest import pipeline
from measurements.ingest.placement import PlacedStamp, StampedReading, place_stamps
from measurements.models import LatestReading, Measurement, Metric, PatientSummary, ReadingDay
from measurements.models.metric import METRICS_OF_ONE_VALUE
from tests.factories import AssignmentFactory, PatientFactory
from tests.measurements.page_setup import NOW
from tests.measurements.webhook_items import measurement_item, receive_and_ingest, receive_delivery

HOUR, MINUTE = dt.timedelta(hours=1), dt.timedelta(minutes=1)

# --- placement of stamps ------------------------------------------------------------------------------------------

ahead_seconds = st.integers(301, 24 * 3600).map(lambda seconds: dt.timedelta(seconds=seconds))


def place(*readings, before=()):
    return place_stamps([StampedReading(*each) for each in readings], before)


@given(st.sets(ahead_seconds, min_size=1, max_size=30))
@settings(max_examples=60)
def test_place_stamps_of_one_upload_preserves_order_and_distances_up_to_receipt(ahead):
    stamps = sorted(NOW + each for each in ahead)

    placed = place(*((NOW, stamp) for stamp in stamps))

    times = [placed[stamp] for stamp in stamps]
    assert times[-1] == NOW
    assert [times[-1] - time for time in times] == [stamps[-1] - stamp for stamp in stamps]


@given(st.lists(st.tuples(st.integers(0, 7200), ahead_seconds), min_size=1, max_size=20), st.randoms())
@settings(max_examples=60)
def test_place_stamps_never_moves_what_has_its_place(uploads, random):
    """Replayed one by one in any order, with the earlier ones known, every stamp stays; none lies in the future."""
    readings = [StampedReading(at := NOW + dt.timedelta(seconds=later), at + ahead) for later, ahead in uploads]
    placed = place_stamps(readings)
    received = {each.stamp: each.received_at for each in sorted(readings, reverse=True)}
    known = [PlacedStamp(received[stamp], stamp, taken_at) for stamp, taken_at in placed.items()]
    random.shuffle(readings)

    for each in readings:
        again = StampedReading(each.received_at + HOUR, each.stamp)
        assert place_stamps([each], known)[each.stamp] == placed[each.stamp]
        assert place_stamps([again], known)[each.stamp] == placed[each.stamp]
    assert all(placed[each.stamp] <= max(other.received_at for other in readings) for each in readings)


@pytest.mark.parametrize("ahead", [-30 * 24 * HOUR, dt.timedelta(), 5 * MINUTE, 24 * HOUR + MINUTE])
def test_place_stamps_leaves_stamps_that_are_not_ahead_and_measures_nothing_by_them(ahead):
    assert place((NOW, NOW + ahead), (NOW, NOW + HOUR)) == {NOW + HOUR: NOW}


def test_place_stamps_gives_older_readings_of_burst_their_distance():
    placed = place((NOW, NOW + 20 * HOUR), (NOW + MINUTE, NOW + 19 * HOUR), (NOW + 4 * MINUTE, NOW + 18 * HOUR))

    assert placed == {
        NOW + 20 * HOUR: NOW,
        NOW + 19 * HOUR: NOW - HOUR,
        NOW + 18 * HOUR: NOW + 4 * MINUTE,  # no longer the same upload
    }


# --- ingest -------------------------------------------------------------------------------------------------------


@pytest.fixture
def oximeter_item(cuff):
    def build(value, stamp, **changes):
        return measurement_item(
            cuff, metric="spO2", value_1=str(value), value_2="0.00", filter_params=None, timestamp=stamp.isoformat(),
            created=stamp.isoformat(), **changes,
        )  # fmt: skip

    return build


@pytest.fixture
def clock():
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def stored_times():
    return {
        (reading.metric_id, int(reading.value_1)): (reading.taken_at, reading.stamped_at)
        for reading in Measurement.objects.all()
    }


@pytest.mark.django_db
def test_ingest_places_reading_stamped_ahead_at_receipt(oximeter_item, clock, rosa):
    receive_and_ingest(oximeter_item(84, NOW - 30 * MINUTE))
    receive_and_ingest(oximeter_item(98, NOW + 20 * HOUR))

    assert stored_times() == {("spO2", 84): (NOW - 30 * MINUTE, None), ("spO2", 98): (NOW, NOW + 20 * HOUR)}
    assert LatestReading.objects.get().taken_at == NOW
    assert PatientSummary.objects.get().last_at == NOW
    assert [row.day.isoformat() for row in ReadingDay.objects.all()] == ["2026-11-21"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("ahead", "placed"),
    [(300, False), (301, True), (24 * 3600, True), (24 * 3600 + 1, None)],
    ids=["five minutes", "one second more", "a day", "more than a day"],
)
def test_ingest_places_from_five_minutes_to_a_day_and_quarantines_beyond(oximeter_item, clock, ahead, placed):
    stamp = NOW + dt.timedelta(seconds=ahead)
    delivery = receive_and_ingest(oximeter_item(98, stamp))

    if placed is None:
        assert delivery.state == Delivery.State.QUARANTINED
        assert not Measurement.objects.exists()
    else:
        assert stored_times() == {("spO2", 98): (NOW, stamp) if placed else (stamp, None)}


@pytest.mark.django_db
def test_ingest_places_list_by_distance_to_its_newest_stamp_without_conflicts(oximeter_item, clock):
    receive_and_ingest([oximeter_item(90 + n, NOW + n * HOUR) for n in (3, 1, 2)])

    assert {value: taken for (_, value), (taken, _) in stored_times().items()} == {
        93: NOW, 92: NOW - HOUR, 91: NOW - 2 * HOUR,
    }  # fmt: skip
    assert not Measurement.objects.filter(conflict=True).exists()


@pytest.mark.django_db
def test_ingest_gives_pulse_of_later_delivery_the_place_of_its_pressure(cuff, clock):
    stamp = {"timestamp": (NOW + 10 * HOUR).isoformat()}
    receive_and_ingest(measurement_item(cuff, **stamp))
    clock.shift(11 * HOUR)
    receive_and_ingest(measurement_item(cuff, metric="pulse", value_1="76", value_2="0.00", **stamp))

    assert set(Measurement.objects.values_list("taken_at", flat=True)) == {NOW}


@pytest.mark.django_db
def test_ingest_flags_conflict_by_stamp_of_readings_ahead(oximeter_item, clock):
    receive_and_ingest(oximeter_item(98, NOW + 10 * HOUR))
    clock.shift(2 * HOUR)
    receive_and_ingest(oximeter_item(91, NOW + 10 * HOUR))

    assert list(Measurement.objects.values_list("taken_at", "conflict")) == [(NOW, True), (NOW, True)]


@pytest.mark.django_db
@pytest.mark.parametrize("later", [MINUTE, 5 * HOUR, 19 * HOUR, 40 * HOUR, 400 * 24 * HOUR])
def test_ingest_of_repeat_by_any_path_moves_nothing(oximeter_item, clock, later):
    item = oximeter_item(98, NOW + 20 * HOUR)
    receive_and_ingest(item)
    before = Measurement.objects.values().get()
    clock.shift(later)

    receive_and_ingest(item)
    receive_and_ingest([item, oximeter_item(97, NOW + 19 * HOUR)])
    maintenance.replay_deliveries(Delivery.objects.all())
    receive_and_ingest(b"[]")
    created = NOW + 2 * MINUTE
    stored, aside = pipeline.ingest_pulled_items([parse_item(item | {"created": created.isoformat()})])

    assert (stored.added, aside) == (0, 0)
    assert Measurement.objects.get(value_1=98).vendor_created_at == created
    after = Measurement.objects.filter(value_1=98).values().get()
    assert after | {"vendor_created_at": None} == before


@pytest.mark.django_db
def test_ingest_uses_receipt_of_delivery_not_time_of_processing(oximeter_item, clock):
    receive_delivery(oximeter_item(98, NOW + 2 * HOUR))
    clock.shift(3 * HOUR)
    pipeline.ingest_waiting_deliveries()

    reading = Measurement.objects.get()
    assert (reading.taken_at, reading.received_at, reading.stamped_at) == (NOW, NOW, NOW + 2 * HOUR)


@pytest.mark.django_db
def test_ingest_leaves_in_quarantine_what_was_more_than_a_day_ahead(oximeter_item, clock):
    item = oximeter_item(98, NOW + 30 * HOUR)
    delivery = receive_and_ingest(item)
    clock.shift(10 * HOUR)

    maintenance.replay_deliveries(Delivery.objects.all())
    receive_and_ingest(b"[]")
    pipeline.ingest_pulled_items([parse_item(item | {"created": NOW.isoformat()})])

    delivery.refresh_from_db()
    assert delivery.state == Delivery.State.QUARANTINED
    assert not Measurement.objects.exists()


@pytest.mark.django_db
def test_ingest_places_items_set_aside_with_their_list(oximeter_item, cuff, clock, rosa):
    cuff.assignments.all().delete()
    receive_and_ingest([oximeter_item(90 + n, NOW + n * HOUR) for n in (1, 2)])
    clock.shift(HOUR)
    AssignmentFactory(device=cuff, patient=rosa)
    maintenance.replay_deliveries(Delivery.objects.all())
    receive_and_ingest(b"[]")

    assert {value: taken for (_, value), (taken, _) in stored_times().items()} == {92: NOW, 91: NOW - HOUR}


@pytest.mark.django_db
def test_ingest_attributes_reading_ahead_to_holder_at_its_place_in_time(oximeter_item, cuff, clock, elm):
    later = PatientFactory(clinic=elm)
    handover = NOW - MINUTE
    cuff.assignments.update(ended_at=handover)
    AssignmentFactory(device=cuff, patient=later, started_at=handover)

    receive_and_ingest([oximeter_item(90 + n, NOW + n * HOUR) for n in (1, 2)])

    holders = dict(Measurement.objects.values_list("value_1", "patient"))
    assert holders == {91: cuff.patient.pk, 92: later.pk}


@pytest.mark.django_db
@pytest.mark.parametrize("fraction", ["", ".000000", ".123", ".123456", ".999999"])
def test_ingest_recognises_reading_by_whole_seconds(cuff, fraction):
    receive_and_ingest(measurement_item(cuff, timestamp="2026-09-20T12:30:00Z"))
    receive_and_ingest(measurement_item(cuff, timestamp=f"2026-09-20T12:30:00{fraction}Z"))

    assert Measurement.objects.get().identity_at == dt.datetime(2026, 9, 20, 12, 30, tzinfo=dt.UTC)


@pytest.mark.django_db
def test_metrics_of_one_value_are_those_of_the_reference_data():
    known = Metric.objects.filter(known=True, has_second_value=False)

    assert set(METRICS_OF_ONE_VALUE) == set(known.values_list("code", flat=True))


@pytest.mark.django_db
@pytest.mark.parametrize("metric", ["weight", "glucose", "pulse", "spO2", "temperature"])
@pytest.mark.parametrize("filler", [None, "0.00", "0.71", "180.00"])
def test_ingest_recognises_reading_whatever_its_filler(cuff, metric, filler):
    receive_and_ingest(measurement_item(cuff, metric=metric, value_1="90.00", value_2="1.20"))
    receive_and_ingest(measurement_item(cuff, metric=metric, value_1="90.00", value_2=filler))

    assert not Measurement.objects.get().conflict
