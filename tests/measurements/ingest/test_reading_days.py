"""ReadingDay and PatientSummary equal a recount from the readings, whatever was ingested, excluded or reassigned."""

import datetime as dt
import threading

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from devices.inbox.payload_parsing import parse_item
from measurements.chart import panels
from measurements.ingest import patient_summaries, pipeline
from measurements.local_days import LocalDays
from measurements.models import Measurement, PatientSummary, ReadingDay
from measurements.readings import exclusion, latest_judged
from measurements.thresholds import evaluation
from measurements.weights import figures
from patients.models import Patient
from tests.factories import AssignmentFactory, DeviceFactory, PatientFactory
from tests.measurements.webhook_items import measurement_item, receive_and_ingest
from tests.report_notes import FUZZ_SEED
from tests.state_machines import rolled_back_transaction

pytestmark = pytest.mark.django_db
ZONES = ("America/New_York", "Pacific/Honolulu", "Asia/Kolkata", "Pacific/Auckland")
METRIC_VALUES = {"weight": ("170.00", "173.20", "2000.00"), "blood_pressure": ("131.00",), "steps": ("900",)}
HOURS_AGO = st.integers(-20, 24 * 12) | st.integers(0, 24 * 80)
READINGS = st.fixed_dictionaries(
    {
        "device": st.integers(0, 1),
        "metric": st.sampled_from(("weight", "weight", "weight", "blood_pressure", "steps")),
        "hours_ago": HOURS_AGO,
        "value": st.integers(0, 2),
        "estimated": st.booleans(),
        "control": st.sampled_from((False, False, False, True)),
        "legacy": st.sampled_from((False, False, True)),
    }
)
STEPS = st.one_of(
    st.tuples(st.just("ingest"), st.lists(READINGS, min_size=1, max_size=12)),
    st.tuples(st.sampled_from(("exclude", "undo", "complete")), st.integers(0, 40)),
    st.tuples(st.just("reassign"), st.tuples(st.integers(0, 1), st.integers(0, 1), HOURS_AGO)),
    st.tuples(st.just("change_zone"), st.tuples(st.integers(0, 1), st.sampled_from(ZONES))),
)


class Scenario:
    """Two patients with a device each, and what may happen to them. Undefined steps do nothing."""

    def __init__(self, by):
        self.by, self.now = by, timezone.now().replace(minute=7, second=0, microsecond=0)
        self.devices = [DeviceFactory(patient=PatientFactory(time_zone=zone)) for zone in ZONES[:2]]
        self.patients = [device.patient for device in self.devices]

    def ingest(self, readings):
        receive_and_ingest([self.build_item(**fields) for fields in readings])

    def build_item(self, *, device, metric, hours_ago, value, estimated, control, legacy):
        taken = (self.now - dt.timedelta(hours=hours_ago)).isoformat()
        values = METRIC_VALUES[metric]
        times = {"created": taken, "timestamp": ... if legacy else taken, "estimated_timestamp": estimated}
        location = {"measurement_location": "control solution"} if control else {}
        value_1 = values[value % len(values)]
        return measurement_item(
            self.devices[device], metric=metric, value_1=value_1, patient_id=..., filter_params=location, **times
        )

    def reading_number(self, number):
        rows = Measurement.objects.order_by("pk")
        return rows[number % len(rows)] if rows else None

    def exclude(self, number):
        if reading := self.reading_number(number):
            exclusion.exclude_reading(reading=reading, reason=exclusion.ExclusionReason.DEVICE_TEST, by=self.by)

    def undo(self, number):
        if reading := self.reading_number(number):
            exclusion.undo_exclusion(reading=reading, by=self.by)

    def complete(self, number):
        """A pull brings the exact time of a reading from an old payload: it was taken 30 hours before `created`."""
        if reading := self.reading_number(number):
            taken = (reading.taken_at - dt.timedelta(hours=30)).isoformat()
            item = measurement_item(
                reading.device.hwi_id, metric=reading.metric_id, value_1=str(reading.value_1), patient_id=...,
                created=reading.taken_at.isoformat(), timestamp=taken, filter_params={},
            )  # fmt: skip
            pipeline.ingest_pulled_items([parse_item(item)])

    def reassign(self, chosen):
        device, patient, hours_ago = chosen
        at, current = self.now - dt.timedelta(hours=hours_ago), self.devices[device].assignments.open().get()
        if current.started_at is None or current.started_at < at:
            self.devices[device].assignments.filter(pk=current.pk).update(ended_at=at)
            AssignmentFactory(device=self.devices[device], patient=self.patients[patient], started_at=at)

    def change_zone(self, chosen):
        patient, zone = self.patients[chosen[0]], chosen[1]
        Patient.objects.filter(pk=patient.pk).update(time_zone=zone)
        patient_summaries.rebuild_patient_summaries([patient.pk])


def local_days_of(patient):
    rows = Measurement.objects.counted().filter(patient=patient, metric__physiologic=True)
    return {taken_at.astimezone(patient.zone).date() for taken_at in rows.values_list("taken_at", flat=True)}


def assert_equal_to_recount(patient):
    days, today = local_days_of(patient), timezone.localdate(timezone=patient.zone)
    assert set(patient.reading_days.values_list("day", flat=True)) == days
    for last in (1, 30, 62):
        summary = PatientSummary.objects.filter(patient=patient).first() or PatientSummary()
        counted = summary.measured_dates(LocalDays.until(timezone.now(), patient.zone, days=last))
        assert len(counted) == sum(0 <= (today - day).days < last for day in days)
    weights = patient.measurements.trusted().filter(metric="weight").order_by("taken_at", "pk")
    rows = [(at, float(value)) for at, value in weights.values_list("taken_at", "value_1")]
    trend = figures.weight_trend(rows, zone=patient.zone)
    gain = PatientSummary.objects.filter(patient=patient).values_list("weight_gain", flat=True).first()
    assert gain == (trend.from_usual if trend else None)


@seed(FUZZ_SEED)
@settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(STEPS, max_size=12))
def test_reading_days_and_summary_equal_recount_after_any_steps(nadia, steps):
    with rolled_back_transaction():
        scenario = Scenario(nadia)
        for name, argument in steps:
            try:
                getattr(scenario, name)(argument)
            except ValidationError:
                continue  # excluded already, or nothing to take back
            for patient in Patient.objects.filter(pk__in=[patient.pk for patient in scenario.patients]):
                assert_equal_to_recount(patient)


WEIGHTS = st.tuples(st.integers(0, 24 * 10), st.sampled_from(("171.04", "173.20", "169.90", "2000.00")))


@seed(FUZZ_SEED)
@settings(max_examples=25, deadline=None, database=None, suppress_health_check=list(HealthCheck))
@given(weights=st.lists(WEIGHTS, min_size=8, max_size=25))
def test_weight_gain_of_summary_equals_change_from_usual_weight(nadia, weights):
    with rolled_back_transaction():
        scenario = Scenario(nadia)
        times = [(scenario.now - dt.timedelta(hours=hours)).isoformat() for hours, _ in weights]
        receive_and_ingest(
            [
                measurement_item(scenario.devices[0], metric="weight", value_1=value, created=taken, timestamp=taken)
                for taken, (_, value) in zip(times, weights, strict=True)
            ]
        )
        assert_equal_to_recount(scenario.patients[0])


def test_reading_whose_time_was_unknown_goes_to_the_patient_who_had_the_device_at_it(nadia):
    """First placed by `created`, 30 hours later than it was taken, when the device had changed hands meanwhile."""
    scenario = Scenario(nadia)
    first, second = scenario.patients
    scenario.reassign((0, 1, 60))
    reading = {"metric": "weight", "value": 0, "estimated": False, "control": False, "legacy": True}
    scenario.ingest([{"device": 0, "hours_ago": 40, **reading}])
    assert Measurement.objects.get().patient == second

    scenario.complete(0)

    assert Measurement.objects.get().patient == first
    for patient in scenario.patients:
        assert_equal_to_recount(patient)
    assert (first.reading_days.count(), second.reading_days.count()) == (1, 0)
    assert (first.latest_readings.count(), second.latest_readings.count()) == (1, 0)


def test_reading_days_equal_measured_days_of_chart(rosa, cuff):
    for hours in (1, 3, 30, 31, 80):
        taken = (timezone.now() - dt.timedelta(hours=hours)).isoformat()
        receive_and_ingest(measurement_item(cuff, created=taken, timestamp=taken))
    bounds, now = evaluation.thresholds_for(rosa), timezone.now()
    newest = latest_judged.latest_readings(rosa, thresholds=bounds)
    days = panels.local_days_for(rosa, length=30, now=now)

    charts = panels.build_panels(rosa, days=days, thresholds=bounds, latest=newest, now=now)

    assert charts.measured_days.measured == ReadingDay.objects.filter(patient=rosa).count()


@pytest.mark.parametrize(
    ("zone", "hour", "day"),
    [
        ("America/New_York", 4, 19),  # 4:30 UTC on the 20th is 11:30 pm on the 19th, but 5:30 is the 20th
        ("America/New_York", 5, 20),
        ("Pacific/Honolulu", 9, 19),
        ("Pacific/Honolulu", 10, 20),
    ],
)
def test_reading_day_changes_at_patient_local_midnight(zone, hour, day):
    cuff = DeviceFactory(patient=PatientFactory(time_zone=zone))
    taken = dt.datetime(2026, 11, 20, hour, 30, tzinfo=dt.UTC).isoformat()

    receive_and_ingest(measurement_item(cuff, created=taken, timestamp=taken))

    assert ReadingDay.objects.get().day == dt.date(2026, 11, day)


@pytest.mark.django_db(transaction=True)
def test_reading_day_survives_exclusion_while_another_worker_ingests(rosa, cuff, nadia):
    receive_and_ingest(measurement_item(cuff))
    reading, excluded = Measurement.objects.get(), threading.Event()

    def exclude_in_thread():
        try:
            exclusion.exclude_reading(reading=reading, reason=exclusion.ExclusionReason.DEVICE_TEST, by=nadia)
            excluded.set()
        finally:
            connection.close()

    with transaction.atomic():
        pipeline.ingest_pulled_items([parse_item(measurement_item(cuff, timestamp="2026-09-20T12:40:00Z"))])
        other = threading.Thread(target=exclude_in_thread)
        other.start()
        assert not excluded.wait(1), "the exclusion waits for the reading that is being stored"
    other.join()

    assert excluded.is_set()
    assert ReadingDay.objects.filter(patient=rosa).count() == 1


@pytest.mark.parametrize(("value", "days"), [("0.00", 0), ("1.00", 1)])
def test_irregular_heartbeat_that_was_not_detected_makes_no_reading_day(rosa, cuff, value, days):
    receive_and_ingest([measurement_item(cuff, metric="irregular_heartbeat", value_1=value, value_2="0.00")])

    assert rosa.reading_days.count() == days
    patient_summaries.rebuild_patient_summaries([rosa.pk])
    assert rosa.reading_days.count() == days
