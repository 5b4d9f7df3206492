"""The timer in a browser at both widths: by key, idle cut, switch with undo; the test sets its clock and last input."""

import datetime as dt

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.utils import timezone

from patients.time_sessions.models import TimeSession
from tests.browser.page_helpers import fits_viewport_width
from tests.browsers import save_screenshot
from tests.factories import PatientFactory, TimeSessionFactory

pytestmark = pytest.mark.django_db(transaction=True)


def test_timer_starts_by_key_switches_and_is_undone(open_at_viewport, nadia, rosa, elm):
    otto = PatientFactory(clinic=elm, given_name="Otto", family_name="Lind")
    page = open_at_viewport(f"/patients/{rosa.pk}/notes/", user=nadia)
    page.get_by_text("Time not running").wait_for()

    page.keyboard.press("m")
    page.get_by_text("Time running", exact=True).wait_for()
    save_screenshot(page, "timer-running")
    assert fits_viewport_width(page)
    page.goto(f"/patients/{otto.pk}/notes/")
    page.get_by_role("link", name=rosa.name).wait_for()
    page.keyboard.press("m")
    page.get_by_role("button", name="Undo: back to the time before").click()
    page.get_by_role("link", name=rosa.name).wait_for()
    assert TimeSession.objects.running().get().patient == rosa
    assert Axe().run(page).response["violations"] == []

    page.get_by_role("button", name="Stop it").click()
    page.get_by_text("Time not running").wait_for()
    assert page.get_by_text("Time stopped.").is_visible()


def test_timer_warns_before_the_idle_cut_and_shows_it(open_at_viewport, nadia, rosa):
    started_at = timezone.now() - dt.timedelta(minutes=10)
    session = TimeSessionFactory(
        patient=rosa, person=nadia, started_at=started_at, ended_at=None, last_activity_at=timezone.now()
    )
    page = open_at_viewport(f"/patients/{rosa.pk}/notes/", user=nadia)
    page.clock.install()
    with page.expect_response("**/timer/heartbeat/"):
        page.reload()
    page.clock.fast_forward(95_000)
    page.get_by_text("No input: time stops in 30 s.").wait_for()
    assert page.get_by_text("Time running", exact=True).is_visible()

    last_input = started_at + dt.timedelta(minutes=4)
    TimeSession.objects.filter(pk=session.pk).update(last_activity_at=last_input)
    page.clock.fast_forward(40_000)
    page.get_by_text("Time not running").wait_for()

    session.refresh_from_db()
    assert session.ended_at == last_input
