"""The timer in the head of a patient's pages: its buttons, heartbeats, and what signing out ends."""

import datetime as dt
import time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from patients.accounts import session_timeout
from patients.models import AuditEvent, User
from patients.time_sessions.models import TimeSession
from tests.factories import PatientFactory, TimeSessionFactory
from tests.routes import list_routes
from tests.sample_clinics import SampleClinics

pytestmark = pytest.mark.django_db
SCRIPT = {"HTTP_SEC_FETCH_MODE": "cors"}


def running():
    return TimeSession.objects.running().get()


def test_timer_starts_switches_and_stops_by_buttons_without_scripts(as_nadia, rosa, elm):
    otto = PatientFactory(clinic=elm, given_name="Otto", family_name="Lind")
    page = f"/patients/{rosa.pk}/notes/"
    assert "Time not running" in as_nadia.get(page).text

    from_page = {"Referer": f"http://testserver{page}"}
    assert as_nadia.post(f"/patients/{rosa.pk}/timer/start/", headers=from_page).url == page
    assert "Time running" in as_nadia.get(page).text
    as_nadia.post(f"/patients/{otto.pk}/timer/start/", {"mode": "call"})
    assert "Time running for" in as_nadia.get(page).text
    assert (running().patient, running().mode) == (otto, "call")
    as_nadia.post(f"/patients/{otto.pk}/timer/call-continues/")
    as_nadia.post(f"/patients/{rosa.pk}/timer/undo/")
    assert running().patient == rosa
    assert as_nadia.post(f"/patients/{rosa.pk}/timer/stop/").url == f"/patients/{rosa.pk}/"
    assert not TimeSession.objects.running().exists()


def test_scripts_get_the_new_timer_instead_of_a_page(as_nadia, rosa):
    answer = as_nadia.post(f"/patients/{rosa.pk}/timer/start/", **SCRIPT)

    assert answer.status_code == 200
    assert 'data-place="here"' in answer.text
    assert "<main" not in answer.text
    assert 'data-place="here"' in as_nadia.get(f"/patients/{rosa.pk}/timer/", **SCRIPT).text


def test_heartbeat_writes_no_audit_extends_no_sign_in_and_shows_nothing_of_a_patient(as_nadia, rosa):
    as_nadia.post(f"/patients/{rosa.pk}/timer/start/")
    session = as_nadia.session
    session[session_timeout.LAST_ACTIVE_AT_KEY] = before = time.time() - 300
    session.save()
    events = AuditEvent.objects.count()

    answer = as_nadia.post("/timer/heartbeat/", {"patient": rosa.pk, "input": "3.5"}, **SCRIPT)

    assert answer.json() == {"key": f"{running().pk}-here-0-0-0"}
    assert running().last_activity_at >= running().started_at
    assert AuditEvent.objects.count() == events
    assert as_nadia.session[session_timeout.LAST_ACTIVE_AT_KEY] == before
    for fields in ({}, {"patient": "x"}, {"patient": rosa.pk, "input": "x"}):
        assert as_nadia.post("/timer/heartbeat/", fields, **SCRIPT).status_code == 400
    assert as_nadia.post("/timer/heartbeat/", {"patient": rosa.pk, "input": "nan"}, **SCRIPT).status_code == 200


def test_signing_out_and_the_idle_limit_end_the_time_of_this_sign_in(as_nadia, client_of, nadia, rosa):
    as_nadia.post(f"/patients/{rosa.pk}/timer/start/")
    client_of(nadia).post("/accounts/logout/")
    assert running().patient == rosa

    as_nadia.post("/accounts/logout/")
    assert TimeSession.objects.get().end_reason == "signed_out"

    browser = client_of(nadia)
    browser.post(f"/patients/{rosa.pk}/timer/start/", {"mode": "call"})
    session = browser.session
    session[session_timeout.LAST_ACTIVE_AT_KEY] = time.time() - session_timeout.IDLE_TIMEOUT_SECONDS - 1
    session.save()
    browser.get("/patients/")
    call = TimeSession.objects.waiting().get()

    browser.force_login(nadia)
    page = browser.get(f"/patients/{rosa.pk}/notes/").text
    assert "How many minutes did the call" in page
    for minutes, words in (("x", "in whole minutes"), ("240", "future")):
        browser.post(f"/patients/{rosa.pk}/timer/call-end/", {"minutes": minutes})
        assert words in browser.get(f"/patients/{rosa.pk}/notes/").text
    TimeSession.objects.filter(pk=call.pk).update(done="a talk")
    assert TimeSession.objects.waiting().get() == call


def test_automatic_start_is_a_choice_of_the_person(as_nadia, nadia, rosa):
    page = f"/patients/{rosa.pk}/notes/"
    assert 'data-automatic="no"' in as_nadia.get(page).text

    as_nadia.post("/timer/automatic/", {"automatic": "on"})

    assert User.objects.get(pk=nadia.pk).preferences == {"time_starts_with_page": True}
    assert 'data-automatic="yes"' in as_nadia.get(page).text
    as_nadia.post("/timer/automatic/")
    assert 'data-automatic="no"' in as_nadia.get(page).text


def test_timer_is_on_every_page_of_a_patient_and_adds_one_query():
    world = SampleClinics()
    yesterday = timezone.now() - dt.timedelta(days=1)
    TimeSessionFactory(person=world.people["coordinator here"], started_at=yesterday, ended_at=None)
    without = []
    for route in list_routes():
        if "patient_id" in route.names and route.policy != "admin":
            with CaptureQueriesContext(connection) as queries:
                page = world.clients["coordinator here"].get(route.address(world.values(route)))
            if page.status_code == 200 and b'<main id="content"' in page.content:
                about_time = sum("is_switched" in query["sql"] for query in queries.captured_queries)
                if b'id="timer"' not in page.content or about_time != 1:
                    without.append((route.pattern, about_time))

    assert without == []
