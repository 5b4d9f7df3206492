import datetime as dt
import os
import subprocess
import sys

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from patients.accounts import session_timeout
from patients.models import AuditEvent
from patients.tasks import forget_old_sessions
from tests.factories import PASSWORD, DeviceFactory, GatewayFactory, OrderFactory
from tests.routes import routes

ALIVE = "/accounts/alive/"
MINUTE, HOUR = 60, 3600
POLLS = [route for route in routes() if route.name == "live" or route.name.endswith("_live")]


@pytest.mark.django_db
def test_sessions_that_are_over_are_forgotten():
    now = timezone.now()
    Session.objects.create(session_key="over", session_data="", expire_date=now - dt.timedelta(seconds=1))
    Session.objects.create(session_key="live", session_data="", expire_date=now + dt.timedelta(hours=1))

    forget_old_sessions()

    assert list(Session.objects.values_list("session_key", flat=True)) == ["live"]


@pytest.fixture
def clock():
    with time_machine.travel(1_795_000_000, tick=False) as clock:
        yield clock


@pytest.fixture
def signed_in(client, cora, clock):
    client.force_login(cora)
    return client


def is_in(client):
    return client.get("/patients/").status_code == 200


def ended(because):
    return AuditEvent.objects.filter(action="sign_out", details__because=because)


def test_fifteen_minutes_of_nothing_end_a_session_and_say_so(signed_in, clock, cora):
    clock.shift(15 * MINUTE)

    asked = signed_in.get("/patients/", follow=True)

    assert asked.redirect_chain == [("/accounts/login/?next=/patients/", 302)]
    assert "nothing was done for 15 minutes" in asked.content.decode()
    assert ended(session_timeout.IDLE).get().actor_id == cora.pk
    assert not Session.objects.exists()


def test_a_page_a_quarter_of_an_hour_keeps_somebody_in(signed_in, clock):
    for _ in range(8):
        clock.shift(15 * MINUTE - 1)
        assert is_in(signed_in)


def test_twelve_hours_end_a_session_whatever_is_done(signed_in, clock):
    for _ in range(12 * 5 - 1):
        clock.shift(12 * MINUTE)
        signed_in.post(ALIVE)
    assert is_in(signed_in)

    clock.shift(12 * MINUTE)

    assert not is_in(signed_in)
    assert ended(session_timeout.TOO_LONG).exists()


@pytest.mark.parametrize("route", POLLS, ids=lambda route: route.pattern)
def test_looking_for_news_keeps_nobody_in(signed_in, clock, rosa, route):
    order = OrderFactory(patient=rosa, lines=1)
    device = DeviceFactory(patient=rosa, gateway=GatewayFactory())
    address = route.address(
        {
            "patient_id": rosa.pk,
            "order_id": order.pk,
            "call_id": order.lines.get().call_id,
            "hwi_id": device.hwi_id,
            "gateway_id": device.gateway.public_id,
        }
    )
    for _ in range(7):
        clock.shift(2 * MINUTE)
        assert signed_in.get(address, {"v": "0"}).status_code in (200, 204), address
    clock.shift(MINUTE)

    assert signed_in.get(address, {"v": "0"}).status_code == 302


def test_there_are_polls_to_try():
    assert len(POLLS) >= 5


def test_what_a_script_fetches_keeps_nobody_in_and_what_a_person_opens_does(signed_in, clock):
    clock.shift(10 * MINUTE)
    signed_in.get("/patients/", headers={"Sec-Fetch-Mode": "cors"})
    assert signed_in.get(ALIVE).headers["Session-Idle-Left"] == "300"

    signed_in.get("/patients/", headers={"Sec-Fetch-Mode": "navigate"})

    assert signed_in.get(ALIVE).headers["Session-Idle-Left"] == "900"


def test_a_page_says_that_somebody_is_there_and_is_told_what_is_left(signed_in, clock):
    clock.shift(14 * MINUTE)
    asked, said = signed_in.get(ALIVE), signed_in.post(ALIVE)
    again = signed_in.get(ALIVE)

    assert (asked.status_code, said.status_code, said.content) == (204, 204, b"")
    assert [answer.headers["Session-Idle-Left"] for answer in (asked, said, again)] == ["60", "900", "900"]
    assert again.headers["Session-Left"] == str(12 * HOUR - 14 * MINUTE)


def test_the_idle_time_never_outlasts_the_twelve_hours(signed_in, clock):
    for _ in range(12 * 6 - 1):
        clock.shift(10 * MINUTE)
        signed_in.post(ALIVE)

    assert signed_in.post(ALIVE).headers["Session-Idle-Left"] == str(10 * MINUTE)


def test_saying_so_needs_a_token_and_an_account(cora, clock):
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(ALIVE).status_code == 403
    assert Client().post(ALIVE).status_code == 302
    strict.force_login(cora)

    assert strict.post(ALIVE).status_code == 403
    assert strict.get(ALIVE).status_code == 204


def writes_of_sessions(client, path):
    with CaptureQueriesContext(connection) as captured:
        client.get(path)
    return [query["sql"] for query in captured if query["sql"].startswith('UPDATE "django_session"')]


def test_a_session_is_written_at_most_every_twenty_seconds(signed_in, clock):
    clock.shift(19)
    quick = writes_of_sessions(signed_in, "/devices/")
    clock.shift(1)

    assert quick == []
    assert len(writes_of_sessions(signed_in, "/devices/")) == 1
    assert writes_of_sessions(signed_in, "/patients/live/") == []


def test_a_session_that_never_noted_its_beginning_is_over(client, nadia):
    client.force_login(nadia)
    session = client.session
    del session[session_timeout.BEGAN]
    session.save()

    assert not is_in(client)


def test_pages_and_the_admin_carry_the_question_and_the_sign_in_page_does_not(client, nadia, ada):
    for user, path in ((nadia, "/patients/"), (ada, "/admin/")):
        client.force_login(user)
        page = client.get(path).content.decode()
        assert 'id="session-over"' in page
        assert 'data-idle-left="900"' in page or 'data-idle-left="899"' in page
    client.logout()

    assert "session-over" not in client.get("/accounts/login/").content.decode()


def test_cookies_travel_over_https_only_and_are_closed_to_scripts(client, nadia, settings):
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    page = client.get("/accounts/login/", secure=True)
    answer = client.post("/accounts/login/", {"login": nadia.email, "password": "four calm otters swim"}, secure=True)

    for cookie in (page.cookies["csrftoken"], answer.cookies["sessionid"]):
        assert (cookie["secure"], cookie["httponly"], cookie["samesite"]) == (True, True, "Lax")


def test_without_being_told_otherwise_cookies_are_secure_and_a_second_step_is_required():
    """Settings as a clinic has them; the tests' own say INSECURE_HTTP, and MFA_REQUIRED=0."""
    env = {name: value for name, value in os.environ.items() if name not in ("INSECURE_HTTP", "MFA_REQUIRED")}
    words = "import config.settings as s; print(s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE, s.MFA_REQUIRED)"

    told = subprocess.run([sys.executable, "-c", words], env=env, capture_output=True, check=True)

    assert told.stdout.split() == [b"True", b"True", b"True"]


GOALS, SAVE_GOALS = "/patients/{}/goals/", "/patients/{}/goals/save/"


def test_a_form_that_came_after_the_end_says_that_it_was_not_saved_and_leads_back_to_where_it_stood(
    client, nadia, rosa
):
    page = f"http://testserver{GOALS.format(rosa.pk)}?from=here"

    sent = client.post(SAVE_GOALS.format(rosa.pk), {"high": "130"}, headers={"Referer": page})

    assert sent.url == f"/accounts/login/?unsaved=1&next={GOALS.format(rosa.pk)}%3Ffrom%3Dhere"
    assert "nothing of it was saved" in client.get(sent.url).content.decode()
    back = client.post("/accounts/login/", {"login": nadia.email, "password": PASSWORD, "next": page[17:]})
    assert back.url == page[17:]


@pytest.mark.parametrize("page", ["", "https://elsewhere.example/patients/", "//elsewhere.example/", "javascript:1"])
def test_a_form_from_nowhere_leads_back_to_the_start(client, rosa, page):
    sent = client.post(SAVE_GOALS.format(rosa.pk), headers={"Referer": page})

    assert sent.url == "/accounts/login/?unsaved=1&next=/"


def test_an_action_of_the_admin_after_the_end_leads_back_to_its_list(client, db):
    page = "http://testserver/admin/devices/syncrun/"

    sent = client.post("/admin/devices/syncrun/start/devices/", headers={"Referer": page})

    assert sent.url == "/accounts/login/?unsaved=1&next=/admin/devices/syncrun/"


def test_who_only_opens_a_page_is_told_of_nothing_lost(client, rosa):
    asked = client.get(f"/patients/{rosa.pk}/", follow=True)

    assert "nothing of it was saved" not in asked.content.decode()
