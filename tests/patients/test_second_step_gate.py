"""Without a second step no page opens but those that set one up."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.routes import routes
from tests.second_steps import INDEX, SIGN_IN, STEP, code, give_app, prove, sign_in

pytestmark = pytest.mark.usefixtures("second_step_required")
GUARDED = [route for route in routes() if route.policy not in ("public", "vendor")]
FREE = {"mfa_index", "mfa_activate_totp", "mfa_add_webauthn", "account_reauthenticate", "account_alive"}


def addresses():
    values = {
        "hwi_id": "6f1d2c7a-0000-4000-8000-000000000000", "app_label": "patients", "url": "none", "kind": "devices",
        "object_id": "1", "content_type_id": "1", "pk": "1",
    }  # fmt: skip
    for route in GUARDED:
        names = {
            name: values.get(name, "6f1d2c7a-0000-4000-8000-000000000000" if name.endswith("_id") else "1")
            for name in route.names
        }
        names |= {name: 1 for name in ("device_id", "reading_id", "clinic_id") if name in names}
        yield route, route.address(names)


@pytest.mark.parametrize("role", ["nadia", "ada"])
def test_without_a_second_step_every_page_leads_to_its_setting_up(client, request, role):
    client.force_login(request.getfixturevalue(role))
    walked = 0
    for route, address in addresses():
        if route.name in FREE:
            continue
        for verb in (client.get, client.post):
            answer = verb(address)
            assert (answer.status_code, answer.get("Location", "").partition("?")[0]) == (302, INDEX), address
            walked += 1

    assert walked > 150


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Mode": "cors"}, {"HX-Request": "true"}])
def test_what_a_script_asks_for_is_refused_in_a_way_that_pages_understand(client, nadia, headers):
    client.force_login(nadia)

    answer = client.get("/patients/live/", headers=headers)

    assert (answer.status_code, answer.content) == (401, b"")


def test_a_session_from_before_somebody_set_up_a_second_step_has_to_show_it(client, nadia):
    client.force_login(nadia)
    secret = give_app(nadia)

    sent = client.get("/patients/")
    client.post(sent.url, {"code": code(secret)})

    assert sent.url == "/accounts/second-step/confirm/?next=/patients/"
    assert client.get("/patients/").status_code == 200


def test_the_admins_own_sign_in_is_the_same_door(client, ada):
    secret = give_app(ada)
    first = client.get("/admin/login/?next=/admin/")
    sign_in(client, ada)

    assert first.url.startswith(SIGN_IN)
    assert client.get("/admin/").status_code == 302
    assert client.post(STEP, {"code": code(secret)}).url == "/admin/"
    assert client.get("/admin/").status_code == 200


def test_where_it_is_not_required_a_banner_says_so_on_pages_and_in_the_admin(client, settings, nadia, ada):
    settings.MFA_REQUIRED = False
    for user, path in ((nadia, "/patients/"), (ada, "/admin/")):
        client.force_login(user)
        assert "second step of signing in is switched off" in client.get(path).content.decode()


def test_where_it_is_required_no_banner_says_otherwise(client, nadia):
    give_app(nadia)
    client.force_login(nadia)
    prove(client, nadia)

    assert "switched off" not in client.get("/patients/").content.decode()


def queries_of_a_page(client):
    with CaptureQueriesContext(connection) as captured:
        client.get("/")
    return len(captured)


def test_a_page_costs_no_query_more_for_it(client, nadia, settings):
    give_app(nadia)
    client.force_login(nadia)
    prove(client, nadia)
    asked = queries_of_a_page(client)

    settings.MFA_REQUIRED = False

    assert queries_of_a_page(client) == asked
