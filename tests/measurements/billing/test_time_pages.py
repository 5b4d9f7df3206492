"""The page of a patient's time: credit per session, typed entries, corrections, withdrawals, approval."""

import datetime as dt

import pytest

from measurements.billing.time_pages.credited_time import format_length, load_month
from patients.care.models import NoteVersion
from patients.programmes.models import BillingFactsVersion
from patients.time_sessions.models import TimeApproval, TimeSession
from tests.factories import (
    BillingPractitionerFactory,
    CredentialFactory,
    NoteFactory,
    NoteVersionFactory,
    PatientFactory,
    TimeApprovalFactory,
    TimeSessionFactory,
)

pytestmark = pytest.mark.django_db
NOVEMBER = dt.date(2025, 11, 1)
LATER = dt.datetime(2031, 1, 1, tzinfo=dt.UTC)
THREE = dt.datetime(2025, 11, 3, 15, tzinfo=dt.UTC)  # 10 AM at the clinic


def after(minutes):
    return THREE + dt.timedelta(minutes=minutes)


@pytest.fixture
def nurse(nadia):
    CredentialFactory(person=nadia, name="RN", started_on=dt.date(2020, 1, 1))
    return nadia


@pytest.fixture
def session_of(nurse, rosa):
    def session(start, minutes, **fields):
        who = {"patient": rosa, "person": nurse}
        return TimeSessionFactory(**who | fields, started_at=after(start), minutes=minutes)

    return session


def typed(start="2025-11-03T10:00:00", end="2025-11-03T10:20:00", **fields):
    stated = {"programme": "RPM", "activity": "review", "done": "Called the pharmacy", "reason": "Forgot the timer"}
    return {"started_at": start, "ended_at": end, **stated, **fields}


def test_lengths_are_shown_to_the_second():
    lengths = [format_length(dt.timedelta(seconds=seconds)) for seconds in (0, 59, 600, 3661)]

    assert lengths == ["0 s", "59 s", "10 min", "1 h 1 min 1 s"]


def test_month_shows_credit_overlap_and_people_without_credential(as_nadia, session_of, cora, rosa, elm):
    session_of(0, 20)
    session_of(15, 10, source="typed")
    session_of(20, 20, source="typed", patient=PatientFactory(clinic=elm))
    TimeSessionFactory(patient=rosa, person=cora, started_at=after(100))
    session_of(30, 5, withdrawn_at=after(60), withdrawn_by=cora, withdrawn_reason="Wrong patient")

    time = load_month(rosa, NOVEMBER, LATER)
    shown = [(row.credited_text, row.lost_text, row.because) for row in time.rows]
    assert shown == [
        ("20 min", "0 s", ""),
        ("5 min", "5 min", ""),
        ("0 s", "0 s", "no clinical credential on file on that day"),
    ]
    assert time.minutes == [("RPM", 25)]
    assert time.seconds_lost == 300

    page = as_nadia.get(f"/patients/{rosa.pk}/time/?month=2025-11").text
    for words in ("November 2025", "300 seconds counted for", "Wrong patient", "Typed", "Nov 3, 10:00 AM"):
        assert words in page
    assert "No time in this month." in as_nadia.get(f"/patients/{rosa.pk}/time/?month=2025-10").text
    assert as_nadia.get(f"/patients/{rosa.pk}/time/?month=x").status_code == 200


def test_month_splits_a_session_at_the_clinics_midnight_and_names_days_of_more_than_ten_hours(session_of, rosa, elm):
    session_of(0, 0, ended_at=after(0), last_activity_at=after(0))
    midnight = int((dt.datetime(2025, 12, 1, 5, tzinfo=dt.UTC) - THREE).total_seconds() / 60)
    session_of(midnight - 10, 30)
    otto = PatientFactory(clinic=elm)
    for hour in (1, 5, 9):
        session_of(hour * 60, 210, patient=otto, source="typed")

    november, december = (load_month(rosa, month, LATER) for month in (NOVEMBER, dt.date(2025, 12, 1)))

    assert [row.credited_text for row in november.rows] == ["0 s", "10 min"]
    assert [row.credited_text for row in december.rows] == ["20 min"]
    assert [(long.day.day, long.length_text) for long in november.long_days] == [(3, "10 h 30 min")]


def test_typed_entry_is_checked_beside_its_fields_and_stored_in_the_clinics_zone(as_nadia, nadia, rosa):
    page = f"/patients/{rosa.pk}/time/new/"
    assert as_nadia.get(page).status_code == 200
    refused = {
        "The end is not after the start.": typed(end="2025-11-03T09:00:00"),
        "One entry may be 4 hours long at most.": typed(end="2025-11-03T14:00:01"),
        "Time in the future can&#x27;t be entered.": typed(start="2099-11-03T10:00:00", end="2099-11-03T10:10:00"),
        "Write day and time as MM/DD/YYYY HH:MM.": typed(start="ten"),
        "Reason is missing.": typed(reason=""),
    }
    for words, fields in refused.items():
        answer = as_nadia.post(page, fields).text
        assert words in answer
        assert "Called the pharmacy" in answer
    assert not TimeSession.objects.exists()

    assert as_nadia.post(page, typed()).url == f"/patients/{rosa.pk}/time/?month=2025-11"
    entry = TimeSession.objects.get()
    assert (entry.started_at, entry.length, entry.source, entry.person) == (
        THREE,
        dt.timedelta(minutes=20),
        "typed",
        nadia,
    )
    assert BillingFactsVersion.objects.filter(patient=rosa).exists()


def test_correction_adds_a_row_and_marks_a_live_contact(as_nadia, session_of, nadia, rosa):
    note = NoteFactory(patient=rosa, versions=None, created_by=nadia)
    live = {"kind": "call", "outcome": "reached", "contact_with": "patient", "is_live": True}
    NoteVersionFactory(note=note, **live)
    NoteVersionFactory(note=NoteFactory(patient=rosa, versions=None), **live | {"is_live": False})
    assert NoteVersion.objects.live_contacts().count() == 1
    timed = session_of(0, 20)

    page = f"/patients/{rosa.pk}/time/{timed.pk}/correct/"
    assert "2025-11-03T10:00:00" in as_nadia.get(page).text
    as_nadia.post(page, typed(programme="RTM", contact=note.pk, reason="Wrong programme"))
    second = TimeSession.objects.valid().get()
    assert (second.replaces, second.source, second.programme, second.contact) == (timed, "timer", "RTM", note)
    assert as_nadia.get(page).status_code == 404, "it is no longer in force"

    as_nadia.post(f"/patients/{rosa.pk}/time/{second.pk}/correct/", typed(end="2025-11-03T10:15:00"))
    third = TimeSession.objects.valid().get()
    assert (third.replaces, third.source, third.length) == (second, "typed", dt.timedelta(minutes=15))

    withdraw = f"/patients/{rosa.pk}/time/{third.pk}/withdraw/"
    assert "The reason is missing." in as_nadia.post(withdraw, {"reason": " "}).text
    as_nadia.post(withdraw, {"reason": "Another patient"})
    assert not TimeSession.objects.valid().exists()
    assert TimeSession.objects.count() == 3


def test_time_is_changed_by_its_person_only(client_of, session_of, cora, rosa):
    theirs = session_of(0, 20)

    client_of(cora).post(f"/patients/{rosa.pk}/time/{theirs.pk}/withdraw/", {"reason": "Mine"})
    client_of(cora).post(f"/patients/{rosa.pk}/time/{theirs.pk}/correct/", typed())

    assert TimeSession.objects.valid().get() == theirs


def test_approval_is_a_billing_practitioners_and_a_later_change_withdraws_it_visibly(as_nadia, nadia, rosa):
    approve = f"/patients/{rosa.pk}/time/approve/"
    as_nadia.post(approve, {"month": "2025-11"})
    assert not TimeApproval.objects.exists()
    BillingPractitionerFactory(person=nadia, started_on=dt.date(2025, 1, 1))
    as_nadia.post(approve, {"month": "2099-11"})
    assert not TimeApproval.objects.exists()

    for _ in range(2):
        as_nadia.post(approve, {"month": "2025-11"})
    approval = TimeApproval.objects.get()
    assert (approval.month, approval.approved_by) == (NOVEMBER, nadia)
    other = TimeApprovalFactory(patient=rosa, month=dt.date(2025, 10, 1), approved_by=nadia)

    as_nadia.post(f"/patients/{rosa.pk}/time/new/", typed())
    approval.refresh_from_db()
    assert (approval.withdrawn_by, approval.withdrawn_reason) == (nadia, "Time was typed in.")
    other.refresh_from_db()
    assert other.withdrawn_at is None
    assert "Time was typed in." in as_nadia.get(f"/patients/{rosa.pk}/time/?month=2025-11").text
