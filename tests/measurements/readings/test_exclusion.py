"""A person takes a reading out of everything that counts, and may take that back."""

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from measurements.chart import panels
from measurements.ingest import patient_summaries
from measurements.models import LatestReading, Measurement, PatientSummary
from measurements.readings import exclusion, latest_judged
from measurements.readings.exclusion import ExclusionReason
from measurements.thresholds import evaluation
from patients.models import AuditEvent
from tests.factories import DeviceFactory, LatestReadingFactory, MeasurementFactory

NOON = dt.datetime(2026, 11, 20, 17, 0, tzinfo=dt.UTC)


@pytest.fixture
def device(rosa):
    return DeviceFactory(patient=rosa)


def create_blood_pressure(device, systolic, *, days_ago=0, newest=False, **fields):
    row = MeasurementFactory(
        device=device,
        code="blood_pressure",
        taken_at=NOON - dt.timedelta(days=days_ago),
        value_1=systolic,
        value_2=80,
        **fields,
    )
    if newest:
        LatestReadingFactory(measurement=row)
    return row


def latest_reading_id_of(patient, code="blood_pressure"):
    row = LatestReading.objects.filter(patient=patient, metric=code).first()
    return row and row.measurement_id


def build_week_chart(patient, **options):
    bounds, now = evaluation.thresholds_for(patient), NOON + dt.timedelta(hours=2)
    days = panels.local_days_for(patient, length=7, now=now)
    newest = latest_judged.latest_readings(patient, thresholds=bounds)
    return panels.build_panels(patient, days=days, thresholds=bounds, latest=newest, now=now, **options)


def exclude_reading(row, by, reason=ExclusionReason.SOMEONE_ELSE, detail="her husband's"):
    exclusion.exclude_reading(reading=row, reason=reason, detail=detail, by=by)


def test_exclusion_removes_reading_from_averages_day_counts_and_latest_values(rosa, nadia, device):
    before = create_blood_pressure(device, 120, days_ago=1)
    row = create_blood_pressure(device, 200, newest=True)

    exclude_reading(row, nadia)

    shown = build_week_chart(rosa)
    assert (shown.panels[0].summary.n, shown.panels[0].summary.average) == (1, (120.0, 80.0))
    assert shown.readings_per_day[-2:] == [1, 0]
    assert latest_reading_id_of(rosa) == before.pk


def test_exclusion_preserves_reading_and_records_who_when_and_why(rosa, nadia, device):
    row = create_blood_pressure(device, 200, newest=True)

    exclude_reading(row, nadia)

    row.refresh_from_db()
    assert (row.value_1, row.excluded_by) == (200, nadia)
    assert row.excluded_reason == "Someone else's reading: her husband's"
    assert timezone.now() - row.excluded_at < dt.timedelta(minutes=1)


def test_undo_exclusion_restores_averages_and_latest_value(rosa, nadia, device):
    create_blood_pressure(device, 120, days_ago=1)
    row = create_blood_pressure(device, 200, newest=True)
    exclude_reading(row, nadia)

    exclusion.undo_exclusion(reading=row, by=nadia)

    row.refresh_from_db()
    assert (row.excluded_at, row.excluded_by, row.excluded_reason) == (None, None, "")
    assert build_week_chart(rosa).panels[0].summary.n == 2
    assert latest_reading_id_of(rosa) == row.pk


def test_exclusion_of_only_reading_clears_latest_value_until_undone(rosa, nadia, device):
    row = create_blood_pressure(device, 200, newest=True)

    exclude_reading(row, nadia)
    assert latest_reading_id_of(rosa) is None
    exclusion.undo_exclusion(reading=row, by=nadia)
    assert latest_reading_id_of(rosa) == row.pk


def test_exclusion_of_blood_pressure_includes_its_pulse(rosa, nadia, device):
    row = create_blood_pressure(device, 200, newest=True, index=4)
    pulse = MeasurementFactory(device=device, code="pulse", taken_at=NOON, value_1=99, index=4)
    LatestReadingFactory(measurement=pulse)

    exclude_reading(row, nadia)
    assert latest_reading_id_of(rosa, "pulse") is None
    exclusion.undo_exclusion(reading=row, by=nadia)
    assert latest_reading_id_of(rosa, "pulse") == pulse.pk


def test_undo_exclusion_preserves_separately_excluded_pulse_excluded(rosa, nadia, device):
    row = create_blood_pressure(device, 200)
    pulse = MeasurementFactory(device=device, code="pulse", taken_at=NOON, value_1=99)
    exclude_reading(pulse, nadia, ExclusionReason.BAD_MEASUREMENT, "")  # takes the pressure with it
    exclusion.undo_exclusion(reading=row, by=nadia)
    exclude_reading(pulse, nadia, ExclusionReason.BAD_MEASUREMENT, "")
    Measurement.objects.filter(pk=pulse.pk).update(excluded_at=NOON)

    exclusion.undo_exclusion(reading=row, by=nadia)

    pulse.refresh_from_db()
    assert pulse.excluded_at == NOON


def test_exclusion_ends_conflict_with_value_of_another_fraction_of_the_second(nadia, device):
    right = create_blood_pressure(device, 128, conflict=True, newest=True)
    wrong = MeasurementFactory(
        device=device,
        code="blood_pressure",
        taken_at=NOON + dt.timedelta(milliseconds=654),
        value_1=228,
        conflict=True,
    )

    exclude_reading(wrong, nadia)

    right.refresh_from_db()
    assert not right.conflict
    exclusion.undo_exclusion(reading=wrong, by=nadia)
    assert set(Measurement.objects.values_list("conflict", flat=True)) == {True}


def test_exclusion_of_wrong_conflicting_value_makes_other_value_count(rosa, nadia, device):
    right = create_blood_pressure(device, 128, conflict=True, newest=True)
    wrong = create_blood_pressure(device, 228, conflict=True)
    pulse = MeasurementFactory(device=device, code="pulse", taken_at=NOON, value_1=70)

    exclude_reading(wrong, nadia)

    right.refresh_from_db()
    pulse.refresh_from_db()
    assert (right.conflict, pulse.excluded_at) == (False, None)
    assert latest_reading_id_of(rosa) == right.pk
    assert not LatestReading.objects.get(metric="blood_pressure").conflict
    exclusion.undo_exclusion(reading=wrong, by=nadia)
    assert set(Measurement.objects.filter(metric="blood_pressure").values_list("conflict", flat=True)) == {True}
    assert LatestReading.objects.get(metric="blood_pressure").conflict


def test_exclusion_never_makes_control_solution_the_latest_value(rosa, nadia, device):
    row = create_blood_pressure(device, 200, newest=True)
    create_blood_pressure(device, 90, days_ago=1, control=True)

    exclude_reading(row, nadia)

    assert latest_reading_id_of(rosa) is None


def test_exclusion_writes_audit_without_free_text_and_bumps_live_version(rosa, nadia, device):
    row = create_blood_pressure(device, 200, newest=True)

    exclude_reading(row, nadia)
    exclusion.undo_exclusion(reading=row, by=nadia)

    done, undone = AuditEvent.objects.filter(target=f"reading:{row.pk}").order_by("pk")
    assert (done.action, undone.action, done.actor_id) == ("exclude", "undo_exclusion", nadia.pk)
    assert (done.details, done.patient_ids) == ({"reason": "someone_else", "readings": 1}, [rosa.pk])
    version = rosa.live_version
    rosa.refresh_from_db()
    assert rosa.live_version == version + 2


@pytest.mark.parametrize(("reason", "detail"), [(ExclusionReason.OTHER, ""), (ExclusionReason.OTHER, "   ")])
def test_exclusion_for_other_reason_requires_text(nadia, device, reason, detail):
    row = create_blood_pressure(device, 200)

    with pytest.raises(ValidationError, match="in a few words"):
        exclude_reading(row, nadia, reason, detail)


def test_exclusion_done_twice_is_refused_with_name_of_first_user(nadia, device):
    row = create_blood_pressure(device, 200)
    exclude_reading(row, nadia)

    with pytest.raises(ValidationError, match="Nadia Haddad has excluded this reading already"):
        exclude_reading(row, nadia)
    exclusion.undo_exclusion(reading=row, by=nadia)
    with pytest.raises(ValidationError, match="counts already"):
        exclusion.undo_exclusion(reading=row, by=nadia)


def test_chart_can_show_excluded_readings_without_counting_them(rosa, nadia, device):
    create_blood_pressure(device, 120, days_ago=1, newest=True)
    exclude_reading(create_blood_pressure(device, 299), nadia)
    create_blood_pressure(device, 90, days_ago=2, control=True)

    panel = build_week_chart(rosa, show_left_out=True).panels[0]

    assert [(point.values[0], point.left_out) for point in panel.plot_data.points] == [
        (90.0, True),
        (120.0, False),
        (299.0, True),
    ]
    assert (panel.summary.n, panel.axis_limits, panel.left_out, panel.needs_check) == (1, (50, 180), True, False)
    assert not build_week_chart(rosa).panels[0].left_out


def test_exclusion_removes_reading_day_until_it_is_undone(rosa, nadia, device):
    row = create_blood_pressure(device, 200, newest=True)
    patient_summaries.rebuild_patient_summaries([rosa.pk])

    exclude_reading(row, nadia)
    assert not rosa.reading_days.exists()
    assert PatientSummary.objects.get(patient=rosa).measured_days_mask == 0
    exclusion.undo_exclusion(reading=row, by=nadia)
    assert rosa.reading_days.get().day == NOON.date()
    assert PatientSummary.objects.get(patient=rosa).measured_days_mask == 1
