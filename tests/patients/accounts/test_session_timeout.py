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
from patients.tasks import clear_expired_sessions
from tests.factories import (
    PASSWORD,
    DeviceFactory,
    GatewayFactory,
    OrderBatchFactory,
    OrderFactory,
    PatientImportFactory,
)
from tests.routes import list_routes

ALIVE = "/accounts/alive/"
MINUTE, HOUR = 60, 3600
POLLS = [route for route in list_routes() if route.name == "live" or route.name.endswith("_live")]


@pytest.mark.django_db
def test_clear_expired_sessions_deletes_only_expired_rows():
    now = timezone.now()
    Session.objects.create(session_key="over", session_data="", expire_date=now - dt.timedelta(seconds=1))
    Session.objects.create(session_key="live", session_data="", expire_date=now + dt.timedelta(hours=1))

    clear_expired_sessions()

    assert list(Session.objects.values_list("session_key", flat=True)) == ["live"]


@pytest.fixture
def frozen_clock():
    with time_machine.travel(1_795_000_000, tick=False) as clock:
        yield clock


@pytest.fixture
def signed_in_client(client, cora, frozen_clock):
    client.force_login(cora)
    return client


def is_signed_in(client):
    return client.get("/patients/").status_code == 200


def sign_out_events(because):
    return AuditEvent.objects.filter(action="sign_out", details__because=because)


def test_session_timeout_after_fifteen_idle_minutes_signs_out_and_explains(signed_in_client, frozen_clock, cora):
    frozen_clock.shift(15 * MINUTE)

    asked = signed_in_client.get("/patients/", follow=True)

    assert asked.redirect_chain == [("/accounts/login/?next=/patients/", 302)]
    assert "nothing was done for 15 minutes" in asked.content.decode()
    assert sign_out_events(session_timeout.IDLE_TIMEOUT_MESSAGE).get().actor_id == cora.pk
    assert [row.get_decoded() for row in Session.objects.all()] == [{}], "the message was in a new one, of no user"


def test_session_timeout_is_extended_by_a_page_within_fifteen_minutes(signed_in_client, frozen_clock):
    for _ in range(8):
        frozen_clock.shift(15 * MINUTE - 1)
        assert is_signed_in(signed_in_client)


def test_session_timeout_after_twelve_hours_despite_activity(signed_in_client, frozen_clock):
    for _ in range(12 * 5 - 1):
        frozen_clock.shift(12 * MINUTE)
        signed_in_client.post(ALIVE)
    assert is_signed_in(signed_in_client)

    frozen_clock.shift(12 * MINUTE)

    assert not is_signed_in(signed_in_client)
    assert sign_out_events(session_timeout.MAX_SESSION_MESSAGE).exists()


@pytest.mark.parametrize("route", POLLS, ids=lambda route: route.pattern)
def test_session_timeout_is_not_extended_by_live_polls(signed_in_client, frozen_clock, rosa, route):
    order = OrderFactory(patient=rosa, lines=1)
    device = DeviceFactory(patient=rosa, gateway=GatewayFactory())
    address = route.address(
        {
            "patient_id": rosa.pk,
            "order_id": order.pk,
            "call_id": order.lines.get().call_id,
            "hwi_id": device.hwi_id,
            "gateway_id": device.gateway.public_id,
            "batch_id": OrderBatchFactory(clinic=rosa.clinic, placed_by=order.placed_by).pk,
            "import_id": PatientImportFactory(clinic=rosa.clinic).pk,
        }
    )
    for _ in range(7):
        frozen_clock.shift(2 * MINUTE)
        assert signed_in_client.get(address, {"v": "0"}).status_code in (200, 204), address
    frozen_clock.shift(MINUTE)

    assert signed_in_client.get(address, {"v": "0"}).status_code == 302


def test_live_poll_routes_are_found():
    assert len(POLLS) >= 5


def test_session_timeout_is_extended_by_navigation_but_not_by_scripts(signed_in_client, frozen_clock):
    frozen_clock.shift(10 * MINUTE)
    signed_in_client.get("/patients/", headers={"Sec-Fetch-Mode": "cors"})
    assert signed_in_client.get(ALIVE).headers["Session-Idle-Left"] == "300"

    signed_in_client.get("/patients/", headers={"Sec-Fetch-Mode": "navigate"})

    assert signed_in_client.get(ALIVE).headers["Session-Idle-Left"] == "900"


def test_session_alive_endpoint_reports_time_left_and_post_extends_it(signed_in_client, frozen_clock):
    frozen_clock.shift(14 * MINUTE)
    asked, said = signed_in_client.get(ALIVE), signed_in_client.post(ALIVE)
    again = signed_in_client.get(ALIVE)

    assert (asked.status_code, said.status_code, said.content) == (204, 204, b"")
    assert [answer.headers["Session-Idle-Left"] for answer in (asked, said, again)] == ["60", "900", "900"]
    assert again.headers["Session-Left"] == str(12 * HOUR - 14 * MINUTE)


def test_session_alive_endpoint_never_reports_more_than_twelve_hours(signed_in_client, frozen_clock):
    for _ in range(12 * 6 - 1):
        frozen_clock.shift(10 * MINUTE)
        signed_in_client.post(ALIVE)

    assert signed_in_client.post(ALIVE).headers["Session-Idle-Left"] == str(10 * MINUTE)


def test_session_alive_endpoint_requires_csrf_token_and_sign_in(cora, frozen_clock):
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(ALIVE).status_code == 403
    assert Client().post(ALIVE).status_code == 302
    strict.force_login(cora)

    assert strict.post(ALIVE).status_code == 403
    assert strict.get(ALIVE).status_code == 204


def session_updates(client, path):
    with CaptureQueriesContext(connection) as captured:
        client.get(path)
    return [query["sql"] for query in captured if query["sql"].startswith('UPDATE "django_session"')]


def test_session_activity_is_written_at_most_every_twenty_seconds(signed_in_client, frozen_clock):
    frozen_clock.shift(19)
    quick = session_updates(signed_in_client, "/devices/")
    frozen_clock.shift(1)

    assert quick == []
    assert len(session_updates(signed_in_client, "/devices/")) == 1
    assert session_updates(signed_in_client, "/patients/live/") == []


def test_session_without_start_time_is_expired(client, nadia):
    client.force_login(nadia)
    session = client.session
    del session[session_timeout.STARTED_AT_KEY]
    session.save()

    assert not is_signed_in(client)


def test_session_timeout_dialog_is_on_pages_and_admin_but_not_on_sign_in(client, nadia, ada):
    for user, path in ((nadia, "/patients/"), (ada, "/admin/")):
        client.force_login(user)
        page = client.get(path).content.decode()
        assert 'id="session-timeout"' in page
        assert 'data-idle-left-seconds="900"' in page or 'data-idle-left-seconds="899"' in page
    client.logout()

    assert "session-timeout" not in client.get("/accounts/login/").content.decode()


def test_session_and_csrf_cookies_are_secure_and_http_only(client, nadia, settings):
    settings.SESSION_COOKIE_SECURE = settings.CSRF_COOKIE_SECURE = True
    page = client.get("/accounts/login/", secure=True)
    answer = client.post("/accounts/login/", {"login": nadia.email, "password": "four calm otters swim"}, secure=True)

    for cookie in (page.cookies["csrftoken"], answer.cookies["sessionid"]):
        assert (cookie["secure"], cookie["httponly"], cookie["samesite"]) == (True, True, "Lax")


def test_settings_default_to_cookies_of_this_host_over_https_and_required_mfa():
    """Settings as a clinic has them; the tests' own say INSECURE_HTTP, and MFA_REQUIRED=0. Browsers store a cookie
    whose name begins with `__Host-` only with `Secure`, `Path=/` and no `Domain`."""
    env = {name: value for name, value in os.environ.items() if name not in ("INSECURE_HTTP", "MFA_REQUIRED")}
    words = (
        "import config.settings as s; from django.conf import settings as d; print(s.MFA_REQUIRED);"
        "print(*[getattr(d, f'{kind}_COOKIE_{part}') for kind in ('SESSION', 'CSRF')"
        " for part in ('NAME', 'SECURE', 'PATH', 'DOMAIN')])"
    )
    env["DJANGO_SETTINGS_MODULE"] = "config.settings"

    finished = subprocess.run([sys.executable, "-c", words], env=env, capture_output=True, check=True)

    cookies = " ".join(f"__Host-{name} True / None" for name in ("sessionid", "csrftoken"))
    assert finished.stdout.decode().split() == ["True", *cookies.split()]


GOALS, SAVE_GOALS = "/patients/{}/goals/", "/patients/{}/goals/save/"


def test_form_post_after_session_timeout_says_not_saved_and_returns_to_form(client, nadia, rosa):
    page = f"http://testserver{GOALS.format(rosa.pk)}?from=here"

    sent = client.post(SAVE_GOALS.format(rosa.pk), {"high": "130"}, headers={"Referer": page})

    assert sent.url == f"/accounts/login/?unsaved=1&next={GOALS.format(rosa.pk)}%3Ffrom%3Dhere"
    assert "nothing of it was saved" in client.get(sent.url).content.decode()
    back = client.post("/accounts/login/", {"login": nadia.email, "password": PASSWORD, "next": page[17:]})
    assert back.url == page[17:]


@pytest.mark.parametrize("page", ["", "https://elsewhere.example/patients/", "//elsewhere.example/", "javascript:1"])
def test_form_post_after_session_timeout_with_unsafe_referer_returns_to_start(client, rosa, page):
    sent = client.post(SAVE_GOALS.format(rosa.pk), headers={"Referer": page})

    assert sent.url == "/accounts/login/?unsaved=1&next=/"


def test_admin_action_after_session_timeout_returns_to_its_list(client, db):
    page = "http://testserver/admin/devices/syncrun/"

    sent = client.post("/admin/devices/syncrun/start/devices/", headers={"Referer": page})

    assert sent.url == "/accounts/login/?unsaved=1&next=/admin/devices/syncrun/"


def test_page_view_after_session_timeout_shows_no_unsaved_warning(client, rosa):
    asked = client.get(f"/patients/{rosa.pk}/", follow=True)

    assert "nothing of it was saved" not in asked.content.decode()
