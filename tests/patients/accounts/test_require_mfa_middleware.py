"""Without a second step no page opens but those that set one up."""

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.mfa_helpers import MFA_INDEX, MFA_SIGN_IN, SIGN_IN, mark_mfa_passed, set_up_totp, sign_in, totp_code
from tests.routes import list_routes

pytestmark = pytest.mark.usefixtures("mfa_required")
GUARDED = [route for route in list_routes() if route.policy not in ("public", "vendor")]
MFA_EXEMPT_ROUTES = {
    "mfa_index",
    "mfa_activate_totp",
    "mfa_add_webauthn",
    "account_reauthenticate",
    "account_session_keepalive",
}


def guarded_addresses():
    values = {
        "hwi_id": "6f1d2c7a-0000-4000-8000-000000000000", "app_label": "patients", "url": "none", "kind": "devices",
        "object_id": "1", "content_type_id": "1", "pk": "1",
    }  # fmt: skip
    for route in GUARDED:
        names = {
            name: values.get(name, "6f1d2c7a-0000-4000-8000-000000000000" if name.endswith("_id") else "1")
            for name in route.names
        }
        names |= dict.fromkeys(re.findall(r"<int:(\w+)>", route.pattern), 1)
        yield route, route.address(names)


@pytest.mark.parametrize("role", ["nadia", "ada"])
def test_require_mfa_middleware_redirects_every_page_to_mfa_setup(client, request, role):
    client.force_login(request.getfixturevalue(role))
    walked = 0
    for route, address in guarded_addresses():
        if route.name in MFA_EXEMPT_ROUTES:
            continue
        for verb in (client.get, client.post):
            answer = verb(address)
            assert (answer.status_code, answer.get("Location", "").partition("?")[0]) == (302, MFA_INDEX), address
            walked += 1

    assert walked > 150


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Mode": "cors"}, {"HX-Request": "true"}])
def test_require_mfa_middleware_answers_401_to_script_requests(client, nadia, headers):
    client.force_login(nadia)

    answer = client.get("/patients/live/", headers=headers)

    assert (answer.status_code, answer.content) == (401, b"")


def test_require_mfa_middleware_asks_existing_session_to_confirm(client, nadia):
    client.force_login(nadia)
    secret = set_up_totp(nadia)

    sent = client.get("/patients/")
    client.post(sent.url, {"code": totp_code(secret)})

    assert sent.url == "/accounts/second-step/confirm/?next=/patients/"
    assert client.get("/patients/").status_code == 200


def test_admin_sign_in_requires_the_same_mfa(client, ada):
    secret = set_up_totp(ada)
    first = client.get("/admin/login/?next=/admin/")
    sign_in(client, ada)

    assert first.url.startswith(SIGN_IN)
    assert client.get("/admin/").status_code == 302
    assert client.post(MFA_SIGN_IN, {"code": totp_code(secret)}).url == "/admin/"
    assert client.get("/admin/").status_code == 200


def test_mfa_not_required_banner_appears_on_pages_and_in_admin(client, settings, nadia, ada):
    settings.MFA_REQUIRED = False
    for user, path in ((nadia, "/patients/"), (ada, "/admin/")):
        client.force_login(user)
        assert "Two-step sign-in is switched off" in client.get(path).content.decode()


def test_mfa_not_required_banner_is_absent_when_required(client, nadia):
    set_up_totp(nadia)
    client.force_login(nadia)
    mark_mfa_passed(client, nadia)

    assert "switched off" not in client.get("/patients/").content.decode()


def count_page_queries(client):
    with CaptureQueriesContext(connection) as captured:
        client.get("/")
    return len(captured)


def test_require_mfa_middleware_adds_no_query(client, nadia, settings):
    set_up_totp(nadia)
    client.force_login(nadia)
    mark_mfa_passed(client, nadia)
    asked = count_page_queries(client)

    settings.MFA_REQUIRED = False

    assert count_page_queries(client) == asked
