"""What the database itself refuses, whoever writes: past forms, verbs and models alike."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from devices.models import Assignment, Delivery, Device, SyncRun, VendorCall
from fulfillment.models import Kit, Order, OrderEvent, OrderLine
from measurements.models import LatestReading, Measurement
from patients.audit import audit_log
from patients.models import AuditEvent, Patient
from tests.factories import (
    DeliveryFactory,
    DeviceFactory,
    LatestReadingFactory,
    MeasurementFactory,
    OrderEventFactory,
    OrderFactory,
    OrderLineFactory,
    PatientFactory,
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


def refused(rule, act):
    """The rule that refused, and no other one."""
    with pytest.raises(DatabaseError, match=rule), transaction.atomic():
        act()


def again(reading, **changes):
    fields = {"metric": reading.metric, "taken_at": reading.taken_at, "index": reading.index}
    MeasurementFactory(device=reading.device, **fields | changes)


# --- readings -------------------------------------------------------------------------------------------------------


def test_the_same_reading_is_one_row(reading):
    refused("measurement_kept_once", lambda: again(reading))


def test_an_absent_second_value_is_the_same_as_nought(cuff):
    weighed = MeasurementFactory(device=cuff, code="weight", taken_at=NOW, value_2=None)

    refused("measurement_kept_once", lambda: again(weighed, value_2=Decimal(0)))


@pytest.mark.parametrize(
    "changes",
    [
        {"taken_at": NOW + dt.timedelta(microseconds=1)},
        {"index": 7},
        {"value_1": Decimal("128.01")},
        {"value_2": Decimal("82.01")},
    ],
)
def test_whatever_differs_in_its_identity_is_another_reading(reading, changes):
    again(reading, **changes)

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
def test_what_no_instrument_gives_is_refused(cuff, rule, changes):
    refused(f"measurement_{rule}", lambda: MeasurementFactory(device=cuff, **changes))


def test_not_a_number_is_refused_past_django_too(reading):
    """`NaN > 180` is true in SQL: one such row would raise an alarm for ever."""
    columns = [field.column for field in Measurement._meta.concrete_fields if not field.primary_key]
    values = ", ".join("'NaN'" if column == "value_1" else column for column in columns)
    insert = (
        f"INSERT INTO measurements_measurement ({', '.join(columns)}) SELECT {values} FROM measurements_measurement"
    )

    refused("value_1_is_a_number", lambda: connection.cursor().execute(insert))


@pytest.mark.parametrize(
    "change",
    [
        {"value_1": Decimal("120.00")},
        {"value_2": None},
        {"taken_at": NOW + dt.timedelta(hours=1)},
        {"metric": "pulse"},
    ],
)
def test_nothing_clinical_is_overwritten(reading, change):
    refused("clinical_facts_never_overwritten", lambda: Measurement.objects.filter(pk=reading.pk).update(**change))


def test_a_reading_stays_with_its_patient_and_its_device(reading, elm):
    other = DeviceFactory(patient=PatientFactory(clinic=elm))
    mine = Measurement.objects.filter(pk=reading.pk)

    refused("clinical_facts_never_overwritten", lambda: mine.update(patient=other.patient))
    refused("clinical_facts_never_overwritten", lambda: mine.update(device=other))


def test_marks_may_change(reading):
    assert Measurement.objects.filter(pk=reading.pk).update(conflict=True) == 1


def test_a_patient_has_one_latest_reading_of_a_metric(reading):
    LatestReadingFactory(measurement=reading)

    refused("latest_once", lambda: LatestReading.objects.create(
        patient=reading.patient, metric=reading.metric, measurement=reading, taken_at=NOW, value_1=1,
    ))  # fmt: skip


# --- history --------------------------------------------------------------------------------------------------------


def test_history_is_not_deleted(reading, rosa, nadia):
    audit_log.record(AuditEvent.Action.VIEW, by=nadia, patients=[rosa.pk], clinic=rosa.clinic)
    kept = [reading, DeliveryFactory(), OrderEventFactory(), AuditEvent.objects.get()]

    for row in kept:
        refused("never_deleted|append_only", type(row).objects.filter(pk=row.pk).delete)


def test_audit_and_timeline_are_not_changed(rosa, nadia):
    audit_log.record(AuditEvent.Action.VIEW, by=nadia, patients=[rosa.pk], clinic=rosa.clinic)
    OrderEventFactory()

    refused("append_only", lambda: AuditEvent.objects.update(patient_ids=[]))
    refused("append_only", lambda: OrderEvent.objects.update(text="something else"))


def test_a_delivery_is_kept_as_it_came_and_may_only_be_emptied():
    row = DeliveryFactory(body=b'{"value_1": "131.00"}')
    mine = Delivery.objects.filter(pk=row.pk)

    for change in ({"body": b"{}"}, {"digest": b"0" * 32}, {"kind": "order"}, {"received_at": NOW}):
        refused("kept_as_it_came", lambda change=change: mine.update(**change))
    assert mine.update(body=b"") == 1


# --- who holds a device ---------------------------------------------------------------------------------------------


def held(device, start, end):
    return Assignment.objects.create(device=device, patient=device.patient, started_at=start, ended_at=end)


@pytest.mark.parametrize(("start", "end"), [(None, None), (None, NOW), (NOW, None), (NOW, NOW + dt.timedelta(days=1))])
def test_a_device_has_one_holder_at_a_time(cuff, start, end):
    refused("assignment_one_holder_at_a_time", lambda: held(cuff, start, end))


def test_the_next_holder_begins_where_the_last_one_ended(cuff):
    cuff.assignments.update(ended_at=NOW)

    held(cuff, NOW, None)
    refused("assignment_one_holder", lambda: held(cuff, NOW - dt.timedelta(seconds=1), NOW))


def test_an_assignment_ends_after_its_start(rosa):
    device = DeviceFactory(patient=rosa, assignment=None)

    refused("assignment_ends_after_start|range lower bound", lambda: held(device, NOW, NOW - dt.timedelta(seconds=1)))


# --- orders and calls -----------------------------------------------------------------------------------------------


def test_one_line_is_open_per_patient_family_and_number(rosa):
    first = OrderLineFactory(order__patient=rosa)
    same = {"order": first.order, "device_type": first.device_type}

    refused("line_one_open", lambda: OrderLineFactory(**same))
    OrderLineFactory(**same, nth=2)
    OrderLineFactory(**same, override_reason="the cuff was too small")
    OrderLine.objects.filter(pk=first.pk).update(closed_at=timezone.now())
    OrderLineFactory(**same)


def test_a_form_is_one_order():
    order = OrderFactory(lines=0)

    refused("submission_id", lambda: OrderFactory(lines=0, submission_id=order.submission_id))


def test_a_device_has_one_open_unlink(cuff):
    first = VendorCallFactory(kind="unlink", device=cuff, patient=cuff.patient)

    refused("call_one_open_per_device", lambda: VendorCallFactory(kind="unlink", device=cuff, patient=cuff.patient))
    VendorCall.objects.filter(pk=first.pk).update(state="confirmed")
    VendorCallFactory(kind="unlink", device=cuff, patient=cuff.patient)


def test_a_call_is_leased_exactly_while_it_is_sent():
    call = VendorCallFactory()

    refused("call_leased_while_sending", lambda: VendorCall.objects.filter(pk=call.pk).update(state="sending"))


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
def test_a_state_that_we_do_not_know_is_refused(model, field, make):
    row = make()

    refused("_known", lambda: model.objects.filter(pk=row.pk).update(**{field: "guess"}))


def test_a_second_run_of_a_kind_joins_the_first():
    SyncRunFactory()

    refused("sync_one_at_a_time", SyncRunFactory)


def test_a_patient_is_once_in_a_run_and_has_a_closed_window():
    row = SyncRowFactory()

    refused("sync_row_once", lambda: SyncRowFactory(run=row.run, patient=row.patient))
    refused("sync_window_closed", lambda: SyncRowFactory(run=row.run, window_start=row.window_end, window_end=NOW))


# --- patients -------------------------------------------------------------------------------------------------------


def test_an_account_id_is_one_patient_whatever_its_case_and_fixed_once_sent(rosa):
    refused("patient_external_id_once", lambda: PatientFactory(external_id=rosa.external_id.upper()))
    Patient.objects.filter(pk=rosa.pk).update(external_id_sent_at=NOW)
    refused("external_id_fixed_once_sent", lambda: Patient.objects.filter(pk=rosa.pk).update(external_id="other"))


def test_two_kits_of_a_clinic_are_not_called_the_same(elm):
    Kit.objects.create(clinic=elm, name="COPD")

    refused("kit_name_once", lambda: Kit.objects.create(clinic=elm, name="COPD"))
