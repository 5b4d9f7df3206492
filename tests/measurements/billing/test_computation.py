"""Stored billing lines: computed when due, updated by what differs, approved ones as they were frozen."""

import datetime as dt

import pytest

from measurements.billing import computation
from measurements.billing.models import BillingLine, BillingState
from measurements.models import TriageEntry
from patients.programmes.changes import touch_billing
from tests import factories
from tests.measurements.billing.clinic_rows import (
    FIRST,
    NOON,
    ONE_DAY,
    add_call,
    add_session,
    bill_patient,
    computed,
    line_of,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def noon(time_machine):
    time_machine.move_to(NOON, tick=False)
    return time_machine


def test_lines_of_patient_are_stored_with_their_words(elm):
    patient = bill_patient(elm)

    assert computed(patient) == [
        ("99454", 1, "suggested"),
        ("99453", 1, "suggested"),
        ("99457", 1, "suggested"),
        ("", 0, "open"),
    ]
    device, minutes = line_of(patient, "99454"), line_of(patient, "99457")
    assert (len(device.days), device.payer, device.practitioner.name) == (17, "Medicare", "Dr. Imani Okafor")
    assert (minutes.minutes, minutes.belongs_to, minutes.clinic) == (25, dt.date(2026, 11, 1), elm)
    state = BillingState.objects.get(patient=patient)
    assert [one["month"] for one in state.months] == ["2026-12-01", "2026-11-01"]
    assert state.due_at == dt.datetime(2026, 12, 2, 5, tzinfo=dt.UTC)


def test_changed_facts_make_patient_due_and_only_what_differs_is_written(elm, noon):
    patient, other = bill_patient(elm), bill_patient(elm)
    computation.compute_due_lines()
    before = dict(BillingLine.objects.values_list("pk", "code"))
    touch_billing([patient.pk])
    factories.MonitoringOrderFactory._meta.model.objects.filter(patient=patient).update(ended_on=FIRST + ONE_DAY * 20)

    noon.move_to(NOON + dt.timedelta(minutes=1), tick=False)
    computation.compute_due_lines()

    assert dict(BillingLine.objects.values_list("pk", "code")) == before
    assert line_of(patient, "99454").because == ["order"]
    assert line_of(other, "99454").because == []
    states = {state.pk: state for state in BillingState.objects.all()}
    assert states[patient.pk].computed_at > states[other.pk].computed_at


def test_day_change_moves_open_window_to_suggested(elm, noon):
    patient = bill_patient(elm)
    noon.move_to(dt.datetime(2026, 11, 18, 17, tzinfo=dt.UTC), tick=False)
    assert ("99454", 1, "open") in computed(patient)

    noon.move_to(BillingState.objects.get(patient=patient).due_at, tick=False)
    computation.compute_due_lines()

    assert line_of(patient, "99454").status == "suggested"


def test_reading_that_makes_alerts_due_makes_lines_due(elm):
    patient = bill_patient(elm)
    computation.compute_due_lines()

    TriageEntry.objects.mark_due([patient.pk])
    computation.mark_changed_patients_due()

    assert BillingState.objects.due().filter(pk=patient.pk).exists()


def test_new_contact_makes_lines_due(elm, noon):
    patient = bill_patient(elm)
    computation.compute_due_lines()
    noon.move_to(NOON + dt.timedelta(minutes=1), tick=False)
    add_call(patient, patient.time_sessions.first().person, NOON)

    computation.mark_changed_patients_due()

    assert list(BillingState.objects.due().values_list("pk", flat=True)) == [patient.pk]


def test_failed_patient_is_tried_again_and_costs_others_nothing(elm, monkeypatch):
    broken, fine = bill_patient(elm), bill_patient(elm)
    real = computation.evaluate_stored

    def evaluate_stored(facts, approved, now):
        if len(facts.sessions) == 3:
            raise ZeroDivisionError("value of a patient")
        return real(facts, approved, now)

    monkeypatch.setattr(computation, "evaluate_stored", evaluate_stored)
    nurse = broken.time_sessions.first().person
    add_session(broken, nurse, dt.datetime(2026, 11, 10, 15, tzinfo=dt.UTC), 10)

    computation.compute_due_lines()

    failed, done = BillingState.objects.get(patient=broken), BillingState.objects.get(patient=fine)
    assert (failed.problem, failed.failures, failed.computed_at) == ("ZeroDivisionError", 1, None)
    assert failed.due_at > NOON
    assert done.computed_at == NOON
    assert BillingLine.objects.filter(patient=fine).count() == 4
