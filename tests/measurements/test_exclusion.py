"""A person takes a reading out of everything that counts, and may take that back."""

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from measurements.chart import panels
from measurements.ingest import patient_summaries
from measurements.models import LatestReading, Measurement, Overview
from measurements.readings import exclusion, latest_judged
from measurements.readings.exclusion import Reason
from measurements.thresholds import evaluation
from patients.models import AuditEvent
from tests.clocks import let_the_database_think_it_is
from tests.factories import DeviceFactory, LatestReadingFactory, MeasurementFactory

NOON = dt.datetime(2026, 11, 20, 17, 0, tzinfo=dt.UTC)


@pytest.fixture
def device(rosa):
    return DeviceFactory(patient=rosa)


def pressure(device, systolic, *, days_ago=0, newest=False, **fields):
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


def newest_of(patient, code="blood_pressure"):
    row = LatestReading.objects.filter(patient=patient, metric=code).first()
    return row and row.measurement_id


def drawn(patient, **options):
    bounds, now = evaluation.of(patient), NOON + dt.timedelta(hours=2)
    days = panels.days_of(patient, length=7, now=now)
    newest = latest_judged.of(patient, goals=bounds)
    return panels.of(patient, days=days, goals=bounds, latest=newest, now=now, **options)


def exclude(row, by, reason=Reason.SOMEONE_ELSE, detail="her husband's"):
    exclusion.exclude(reading=row, reason=reason, detail=detail, by=by)


def test_an_excluded_reading_leaves_averages_day_counts_and_latest_values_at_once(rosa, nadia, device):
    before = pressure(device, 120, days_ago=1)
    row = pressure(device, 200, newest=True)

    exclude(row, nadia)

    shown = drawn(rosa)
    assert (shown.panels[0].summary.n, shown.panels[0].summary.average) == (1, (120.0, 80.0))
    assert shown.counts[-2:] == [1, 0]
    assert newest_of(rosa) == before.pk


def test_the_reading_itself_stays_and_says_who_when_and_why(rosa, nadia, device):
    row = pressure(device, 200, newest=True)

    exclude(row, nadia)

    row.refresh_from_db()
    assert (row.value_1, row.excluded_by) == (200, nadia)
    assert row.excluded_reason == "Someone else's reading: her husband's"
    assert timezone.now() - row.excluded_at < dt.timedelta(minutes=1)


def test_taking_it_back_restores_everything(rosa, nadia, device):
    pressure(device, 120, days_ago=1)
    row = pressure(device, 200, newest=True)
    exclude(row, nadia)

    exclusion.undo(reading=row, by=nadia)

    row.refresh_from_db()
    assert (row.excluded_at, row.excluded_by, row.excluded_reason) == (None, None, "")
    assert drawn(rosa).panels[0].summary.n == 2
    assert newest_of(rosa) == row.pk


def test_the_only_reading_leaves_no_latest_value_and_comes_back_as_one(rosa, nadia, device):
    row = pressure(device, 200, newest=True)

    exclude(row, nadia)
    assert newest_of(rosa) is None
    exclusion.undo(reading=row, by=nadia)
    assert newest_of(rosa) == row.pk


def test_a_pulse_goes_and_comes_with_its_blood_pressure(rosa, nadia, device):
    row = pressure(device, 200, newest=True, index=4)
    pulse = MeasurementFactory(device=device, code="pulse", taken_at=NOON, value_1=99, index=4)
    LatestReadingFactory(measurement=pulse)

    exclude(row, nadia)
    assert newest_of(rosa, "pulse") is None
    exclusion.undo(reading=row, by=nadia)
    assert newest_of(rosa, "pulse") == pulse.pk


def test_undo_does_not_bring_back_what_was_excluded_for_itself(rosa, nadia, device):
    row = pressure(device, 200)
    pulse = MeasurementFactory(device=device, code="pulse", taken_at=NOON, value_1=99)
    exclude(pulse, nadia, Reason.BAD_MEASUREMENT, "")  # takes the pressure with it
    exclusion.undo(reading=row, by=nadia)
    exclude(pulse, nadia, Reason.BAD_MEASUREMENT, "")
    Measurement.objects.filter(pk=pulse.pk).update(excluded_at=NOON)

    exclusion.undo(reading=row, by=nadia)

    pulse.refresh_from_db()
    assert pulse.excluded_at == NOON


def test_of_two_values_in_conflict_the_right_one_counts_once_the_wrong_one_is_excluded(rosa, nadia, device):
    right = pressure(device, 128, conflict=True, newest=True)
    wrong = pressure(device, 228, conflict=True)
    pulse = MeasurementFactory(device=device, code="pulse", taken_at=NOON, value_1=70)

    exclude(wrong, nadia)

    right.refresh_from_db()
    pulse.refresh_from_db()
    assert (right.conflict, pulse.excluded_at) == (False, None)
    assert newest_of(rosa) == right.pk
    assert not LatestReading.objects.get(metric="blood_pressure").conflict
    exclusion.undo(reading=wrong, by=nadia)
    assert set(Measurement.objects.filter(metric="blood_pressure").values_list("conflict", flat=True)) == {True}
    assert LatestReading.objects.get(metric="blood_pressure").conflict


def test_a_control_solution_never_becomes_the_latest_value(rosa, nadia, device):
    row = pressure(device, 200, newest=True)
    pressure(device, 90, days_ago=1, control=True)

    exclude(row, nadia)

    assert newest_of(rosa) is None


def test_who_did_it_is_written_down_without_the_words_and_open_pages_hear_of_it(rosa, nadia, device):
    row = pressure(device, 200, newest=True)

    exclude(row, nadia)
    exclusion.undo(reading=row, by=nadia)

    done, undone = AuditEvent.objects.filter(target=f"reading:{row.pk}").order_by("pk")
    assert (done.action, undone.action, done.actor_id) == ("exclude", "undo_exclusion", nadia.pk)
    assert (done.details, done.patient_ids) == ({"reason": "someone_else", "readings": 1}, [rosa.pk])
    version = rosa.version
    rosa.refresh_from_db()
    assert rosa.version == version + 2


@pytest.mark.parametrize(("reason", "detail"), [(Reason.OTHER, ""), (Reason.OTHER, "   ")])
def test_something_else_needs_words(nadia, device, reason, detail):
    row = pressure(device, 200)

    with pytest.raises(ValidationError, match="in a few words"):
        exclude(row, nadia, reason, detail)


def test_the_second_of_two_people_is_told(nadia, device):
    row = pressure(device, 200)
    exclude(row, nadia)

    with pytest.raises(ValidationError, match="Nadia Haddad has excluded this reading already"):
        exclude(row, nadia)
    exclusion.undo(reading=row, by=nadia)
    with pytest.raises(ValidationError, match="counts already"):
        exclusion.undo(reading=row, by=nadia)


def test_on_demand_the_chart_shows_what_is_left_out_and_nothing_rests_on_it(rosa, nadia, device):
    pressure(device, 120, days_ago=1, newest=True)
    exclude(pressure(device, 299), nadia)
    pressure(device, 90, days_ago=2, control=True)

    panel = drawn(rosa, show_left_out=True).panels[0]

    assert [(point.values[0], point.left_out) for point in panel.drawn.points] == [
        (90.0, True),
        (120.0, False),
        (299.0, True),
    ]
    assert (panel.summary.n, panel.limits, panel.left_out, panel.to_check) == (1, (50, 180), True, False)
    assert not drawn(rosa).panels[0].left_out


def test_the_list_forgets_the_day_of_an_excluded_reading(rosa, nadia, device, monkeypatch):
    let_the_database_think_it_is(NOON, monkeypatch)
    row = pressure(device, 200, newest=True)
    patient_summaries.rebuild([rosa.pk])

    exclude(row, nadia)
    assert Overview.objects.get(patient=rosa).days == 0
    exclusion.undo(reading=row, by=nadia)
    assert Overview.objects.get(patient=rosa).days == 1
