"""Constraints and triggers: what PostgreSQL refuses, independent of forms and models."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from devices.models import Assignment, Delivery, Device, SyncRun, VendorCall
from fulfillment.models import Kit, Order, OrderEvent, OrderLine
from measurements.alerts.models import MeasuringPause, PatientReview
from measurements.models import LatestReading, Measurement
from measurements.models.metric import METRICS_OF_ONE_VALUE
from patients.audit import audit_log
from patients.models import AuditEvent, Patient
from tests.factories import (
    AlertEpisodeFactory,
    AlertRuleChangeFactory,
    AlertStepFactory,
    DeliveryFactory,
    DeviceFactory,
    ExclusionEventFactory,
    LatestReadingFactory,
    MeasurementFactory,
    MeasuringPauseFactory,
    OrderEventFactory,
    OrderFactory,
    OrderLineFactory,
    PatientFactory,
    PatientReviewFactory,
    PresetChangeFactory,
    SyncRowFactory,
    SyncRunFactory,
    VendorCallFactory,
)

pytestmark = pytest.mark.django_db
NOW = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)


@pytest.fixture
def cuff(rosa):
    return DeviceFactory(patient=rosa)


@pytest.fixture
def reading(cuff):
    return MeasurementFactory(device=cuff, code="blood_pressure", taken_at=NOW)


def assert_refused_by(rule, act):
    """The rule that refused, and no other one."""
    with pytest.raises(DatabaseError, match=rule), transaction.atomic():
        act()


def create_same_reading(reading, **changes):
    fields = {"metric": reading.metric, "taken_at": reading.taken_at, "index": reading.index}
    MeasurementFactory(device=reading.device, **fields | changes)


# --- readings -------------------------------------------------------------------------------------------------------


def test_reading_constraint_refuses_duplicate_row(reading):
    assert_refused_by("measurement_kept_once", lambda: create_same_reading(reading))


def test_reading_constraint_treats_null_and_zero_second_value_as_equal(cuff):
    weighed = MeasurementFactory(device=cuff, code="weight", taken_at=NOW, value_2=None)

    assert_refused_by("measurement_kept_once", lambda: create_same_reading(weighed, value_2=Decimal(0)))


def test_reading_constraint_identifies_by_whole_seconds(reading):
    half_a_second_later = reading.taken_at + dt.timedelta(microseconds=500_000)

    assert_refused_by("measurement_kept_once", lambda: create_same_reading(reading, taken_at=half_a_second_later))


@pytest.mark.parametrize("code", METRICS_OF_ONE_VALUE)
def test_reading_constraint_ignores_second_value_of_metric_with_one_value(cuff, code):
    weighed = MeasurementFactory(device=cuff, code=code, taken_at=NOW, value_2=Decimal("0.71"))

    assert_refused_by("measurement_kept_once", lambda: create_same_reading(weighed, value_2=Decimal("1.9")))


@pytest.mark.parametrize(
    "changes",
    [
        {"taken_at": NOW + dt.timedelta(seconds=1)},
        {"index": 7},
        {"value_1": Decimal("128.01")},
        {"value_2": Decimal("82.01")},
    ],
)
def test_reading_constraint_accepts_row_with_different_identity(reading, changes):
    create_same_reading(reading, **changes)

    assert Measurement.objects.count() == 2


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("bp_has_diastolic", {"code": "blood_pressure", "value_2": None}),
        ("taken_at_possible", {"taken_at": dt.datetime(2014, 12, 31, 23, 59, tzinfo=dt.UTC)}),
        ("taken_at_possible", {"taken_at": dt.datetime(2100, 1, 1, tzinfo=dt.UTC)}),
        ("value_1_is_a_number", {"value_1": Decimal(1000000)}),
        ("value_2_is_a_number", {"value_2": Decimal(-1000000)}),
        ("source_known", {"source": "guess"}),
        ("time_known", {"time_source": "guess"}),
    ],
)
def test_reading_constraint_refuses_impossible_values(cuff, rule, changes):
    assert_refused_by(f"measurement_{rule}", lambda: MeasurementFactory(device=cuff, **changes))


@pytest.mark.parametrize(
    "changes",
    [{"value_1": None}, {"beyond_meter": "above"}, {"value_1": None, "beyond_meter": "both"}],
    ids=["no value", "a value beyond the meter", "unknown side"],
)
def test_reading_constraint_refuses_a_value_beyond_the_meter_and_none_without_reason(cuff, changes):
    rule = "measurement_value_known_or_beyond_meter"

    assert_refused_by(rule, lambda: MeasurementFactory(device=cuff, code="glucose", taken_at=NOW, **changes))


def test_reading_constraint_refuses_nan_in_raw_sql(reading):
    """`NaN > 180` is true in SQL: one such row would always be above its threshold."""
    columns = [
        field.column for field in Measurement._meta.concrete_fields if not (field.primary_key or field.generated)
    ]
    values = ", ".join("'NaN'" if column == "value_1" else column for column in columns)
    insert = (
        f"INSERT INTO measurements_measurement ({', '.join(columns)}) SELECT {values} FROM measurements_measurement"
    )

    assert_refused_by("value_1_is_a_number", lambda: connection.cursor().execute(insert))


@pytest.mark.parametrize(
    "change",
    [
        {"value_1": Decimal("120.00")},
        {"value_2": None},
        {"taken_at": NOW + dt.timedelta(hours=1)},
        {"metric": "pulse"},
    ],
)
def test_reading_trigger_refuses_change_of_clinical_values(reading, change):
    assert_refused_by(
        "clinical_facts_never_overwritten", lambda: Measurement.objects.filter(pk=reading.pk).update(**change)
    )


def test_reading_trigger_refuses_change_of_patient_or_device(reading, elm):
    other = DeviceFactory(patient=PatientFactory(clinic=elm))
    mine = Measurement.objects.filter(pk=reading.pk)

    assert_refused_by("clinical_facts_never_overwritten", lambda: mine.update(patient=other.patient))
    assert_refused_by("clinical_facts_never_overwritten", lambda: mine.update(device=other))


def test_reading_trigger_allows_change_of_quality_flags(reading):
    assert Measurement.objects.filter(pk=reading.pk).update(conflict=True) == 1


def test_latest_reading_constraint_allows_one_per_patient_and_metric(reading):
    LatestReadingFactory(measurement=reading)

    assert_refused_by("latest_once", lambda: LatestReading.objects.create(
        patient=reading.patient, metric=reading.metric, measurement=reading, taken_at=NOW, value_1=1,
    ))  # fmt: skip


# --- history --------------------------------------------------------------------------------------------------------


def test_history_triggers_refuse_delete(reading, rosa, nadia):
    audit_log.record_event(AuditEvent.Action.VIEW, by=nadia, patients=[rosa.pk], clinic=rosa.clinic)
    rows = [reading, DeliveryFactory(), OrderEventFactory(), AuditEvent.objects.get()]

    for row in rows:
        assert_refused_by("never_deleted|append_only", type(row).objects.filter(pk=row.pk).delete)


def test_audit_and_order_event_triggers_refuse_update(rosa, nadia):
    audit_log.record_event(AuditEvent.Action.VIEW, by=nadia, patients=[rosa.pk], clinic=rosa.clinic)
    OrderEventFactory()

    assert_refused_by("append_only", lambda: AuditEvent.objects.update(patient_ids=[]))
    assert_refused_by("append_only", lambda: OrderEvent.objects.update(text="something else"))


def test_delivery_trigger_allows_only_purging_of_body():
    row = DeliveryFactory(body=b'{"value_1": "131.00"}')
    mine = Delivery.objects.filter(pk=row.pk)

    for change in ({"body": b"{}"}, {"digest": b"0" * 32}, {"kind": "order"}, {"received_at": NOW}):
        assert_refused_by("kept_as_it_came", lambda change=change: mine.update(**change))
    assert mine.update(body=b"") == 1


# --- who holds a device ---------------------------------------------------------------------------------------------


def create_assignment(device, start, end):
    return Assignment.objects.create(device=device, patient=device.patient, started_at=start, ended_at=end)


@pytest.mark.parametrize(("start", "end"), [(None, None), (None, NOW), (NOW, None), (NOW, NOW + dt.timedelta(days=1))])
def test_assignment_constraint_allows_one_patient_at_a_time(cuff, start, end):
    assert_refused_by("assignment_one_holder_at_a_time", lambda: create_assignment(cuff, start, end))


def test_assignment_constraint_accepts_period_that_starts_at_previous_end(cuff):
    cuff.assignments.update(ended_at=NOW)

    create_assignment(cuff, NOW, None)
    assert_refused_by("assignment_one_holder", lambda: create_assignment(cuff, NOW - dt.timedelta(seconds=1), NOW))


def test_assignment_constraint_refuses_end_before_start(rosa):
    device = DeviceFactory(patient=rosa, assignment=None)

    assert_refused_by(
        "assignment_ends_after_start|range lower bound",
        lambda: create_assignment(device, NOW, NOW - dt.timedelta(seconds=1)),
    )


# --- orders and calls -----------------------------------------------------------------------------------------------


def test_order_line_constraint_allows_one_open_line_per_patient_family_and_number(rosa):
    first = OrderLineFactory(order__patient=rosa)
    same = {"order": first.order, "device_type": first.device_type}

    assert_refused_by("line_one_open", lambda: OrderLineFactory(**same))
    OrderLineFactory(**same, nth=2)
    OrderLineFactory(**same, override_reason="the cuff was too small")
    OrderLine.objects.filter(pk=first.pk).update(closed_at=timezone.now())
    OrderLineFactory(**same)


def test_order_constraint_refuses_repeated_submission_id():
    order = OrderFactory(lines=0)

    assert_refused_by("submission_id", lambda: OrderFactory(lines=0, submission_id=order.submission_id))


def test_vendor_call_constraint_allows_one_open_unlink_per_device(cuff):
    first = VendorCallFactory(kind="unlink", device=cuff, patient=cuff.patient)

    assert_refused_by(
        "call_one_open_per_device", lambda: VendorCallFactory(kind="unlink", device=cuff, patient=cuff.patient)
    )
    VendorCall.objects.filter(pk=first.pk).update(state="confirmed")
    VendorCallFactory(kind="unlink", device=cuff, patient=cuff.patient)


def test_vendor_call_constraint_requires_lease_while_sending():
    call = VendorCallFactory()

    assert_refused_by(
        "call_leased_while_sending", lambda: VendorCall.objects.filter(pk=call.pk).update(state="sending")
    )


@pytest.mark.parametrize(
    ("model", "field", "make"),
    [
        (VendorCall, "state", VendorCallFactory),
        (VendorCall, "kind", VendorCallFactory),
        (Device, "state", DeviceFactory),
        (Delivery, "state", DeliveryFactory),
        (OrderLine, "status", OrderLineFactory),
        (Order, "kind", lambda: OrderFactory(lines=0)),
        (SyncRun, "kind", SyncRunFactory),
        (Patient, "sex", PatientFactory),
    ],
)
def test_state_constraints_refuse_unknown_values(model, field, make):
    row = make()

    assert_refused_by("_known", lambda: model.objects.filter(pk=row.pk).update(**{field: "guess"}))


def test_sync_run_constraint_allows_one_unfinished_run_per_kind():
    SyncRunFactory()

    assert_refused_by("sync_one_at_a_time", SyncRunFactory)


def test_sync_row_constraints_require_unique_patient_and_closed_window():
    row = SyncRowFactory()

    assert_refused_by("sync_row_once", lambda: SyncRowFactory(run=row.run, patient=row.patient))
    assert_refused_by(
        "sync_window_closed", lambda: SyncRowFactory(run=row.run, window_start=row.window_end, window_end=NOW)
    )


# --- patients -------------------------------------------------------------------------------------------------------


def test_patient_external_id_is_unique_ignoring_case_and_fixed_once_sent(rosa):
    assert_refused_by("patient_external_id_once", lambda: PatientFactory(external_id=rosa.external_id.upper()))
    Patient.objects.filter(pk=rosa.pk).update(external_id_sent_at=NOW)
    assert_refused_by(
        "external_id_fixed_once_sent", lambda: Patient.objects.filter(pk=rosa.pk).update(external_id="other")
    )


def test_kit_name_constraint_is_unique_within_clinic(elm):
    Kit.objects.create(clinic=elm, name="COPD")

    assert_refused_by("kit_name_once", lambda: Kit.objects.create(clinic=elm, name="COPD"))


def test_alert_history_triggers_refuse_change_and_delete():
    """What episodes are computed from is only ever added; a review may be taken back, a pause ended."""
    step, change, pause = AlertStepFactory(), AlertRuleChangeFactory(), MeasuringPauseFactory()
    review, excluded, preset = PatientReviewFactory(), ExclusionEventFactory(), PresetChangeFactory()

    for row in (step, change, excluded, preset):
        assert_refused_by("append_only", lambda row=row: type(row).objects.filter(pk=row.pk).update(at=timezone.now()))
    for row in (step, change, excluded, review, pause, AlertEpisodeFactory()):
        assert_refused_by("never_deleted|append_only", type(row).objects.filter(pk=row.pk).delete)
    assert_refused_by("review_fixed", lambda: PatientReview.objects.update(at=timezone.now()))
    assert_refused_by("pause_fixed", lambda: MeasuringPause.objects.update(reason="Moved"))
    PatientReview.objects.update(undone_at=timezone.now(), undone_by=review.by)


def test_alert_episode_constraints_allow_one_open_episode_per_rule_and_metric(rosa):
    AlertEpisodeFactory(patient=rosa, section="warning")

    assert_refused_by("episode_one_open", lambda: AlertEpisodeFactory(patient=rosa, section="warning"))
    assert_refused_by(
        "episode_closed_by_something", lambda: AlertEpisodeFactory(patient=rosa, state="closed", section="")
    )


def test_alert_step_constraint_requires_words_of_another_outcome():
    assert_refused_by(
        "alert_step_other_outcome_has_words", lambda: AlertStepFactory(kind="resolve", outcome="other", text="")
    )
