"""The second step of signing in, where it is required: nobody gets past it, and nobody is left outside for ever."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from patients import accounts, concealment, second_step
from patients.models import AuditEvent
from tests.factories import PASSWORD, UserFactory
from tests.routes import routes
from tests.second_steps import code, give_app, prove, recovery_codes, wrong

SIGN_IN, STEP, INDEX = "/accounts/login/", "/accounts/second-step/sign-in/", "/accounts/second-step/"
APP = "/accounts/second-step/app/"
NEW_PASSWORD = "seven quiet herons wade"
OLD_KEY, NEW_KEY = "b2xkLWtleS0wMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM=", "bmV3LWtleS0wMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM="


@pytest.fixture(autouse=True)
def required(settings):
    settings.MFA_REQUIRED = True


def sign_in(client, user, answer=None):
    """Password, then `answer` to the second step, if any."""
    first = client.post(SIGN_IN, {"login": user.email, "password": PASSWORD})
    return first if answer is None else client.post(STEP, {"code": answer})


def told(action, **details):
    return AuditEvent.objects.filter(action=action, **{f"details__{name}": value for name, value in details.items()})


def test_a_right_code_lets_in_and_is_written_down(client, nadia):
    secret = give_app(nadia)

    password, done = sign_in(client, nadia), client.post(STEP, {"code": code(secret)})

    assert (password.url, done.url) == (STEP, "/patients/")
    assert client.get("/patients/").status_code == 200
    assert told("second_step", kind="totp").get().actor_id == nadia.pk
    assert told("sign_in").count() == 1


def test_the_password_alone_opens_nothing(client, nadia):
    give_app(nadia)
    sign_in(client, nadia)

    assert client.get("/patients/").url.startswith(SIGN_IN)
    assert not told("sign_in").exists()


def test_a_code_works_once_also_in_the_next_half_minute(client, nadia):
    secret = give_app(nadia)
    shown = code(secret)
    with time_machine.travel(1_795_000_000, tick=False) as clock:
        shown = code(secret)
        assert sign_in(client, nadia, shown).status_code == 302
        clock.shift(31)
        again = sign_in(Client(), nadia, shown)

    assert again.status_code == 200
    assert "was used already" in again.content.decode()


def test_a_recovery_code_lets_in_once(client, nadia):
    give_app(nadia)
    spare = recovery_codes(nadia)[3]

    assert sign_in(client, nadia, f" {spare[:4]} {spare[4:]} ").url == "/patients/"
    assert sign_in(Client(), nadia, spare).status_code == 200
    assert len(recovery_codes(nadia)) == 9
    assert told("second_step", kind="recovery_codes").exists()


def test_five_wrong_codes_lock_the_second_step_and_each_is_written_down(client, nadia):
    secret = give_app(nadia)
    sign_in(client, nadia)
    for _ in range(5):
        client.post(STEP, {"code": wrong(secret)})

    locked = client.post(STEP, {"code": code(secret)})

    assert "Too many failed" in locked.content.decode()
    failures = told("sign_in_failed", step="second").filter(target=f"user:{nadia.pk}")
    assert [row.details["locked_out"] for row in failures.order_by("pk")] == [False] * 5 + [True]


@pytest.mark.django_db(transaction=True)
def test_codes_guessed_at_the_same_moment_get_no_extra_tries(settings):
    user = UserFactory()
    secret = give_app(user)

    def guess(_):
        sign_in(Client(), user, wrong(secret))
        connections.close_all()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(guess, range(8)))

    assert told("sign_in_failed", step="second", locked_out=False).count() == 5
    assert told("sign_in_failed", step="second", locked_out=True).count() == 3


def test_an_invitation_once_more_is_no_way_around_it(client, nadia, ada, settings):
    secret = give_app(nadia)
    accounts.deactivate(user=nadia, by=ada)
    accounts.invite_again(user=nadia, by=ada)
    link = accounts.invitation_link(nadia).removeprefix(settings.SITE_URL)

    opened = client.post(link, {"new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD})

    assert opened.url == STEP
    assert client.get("/patients/").url.startswith(SIGN_IN)
    assert client.post(STEP, {"code": code(secret)}).url == "/patients/"


def test_who_is_invited_is_led_from_the_password_to_the_second_step(client, elm, ada, settings):
    fields = {"email": "new@example.org", "name": "Nils Berg", "role": "clinician", "clinics": [elm], "by": ada}
    link = accounts.invitation_link(accounts.invite(**fields)).removeprefix(settings.SITE_URL)

    opened = client.post(link, {"new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD})

    assert client.get(opened.url).url.startswith(INDEX)
    assert client.get(APP).status_code == 200, "the password was chosen just now; it isn't asked for again"


def test_who_is_deactivated_between_the_steps_is_not_let_in(client, nadia, ada):
    secret = give_app(nadia)
    sign_in(client, nadia)
    accounts.deactivate(user=nadia, by=ada)

    client.post(STEP, {"code": code(secret)})

    assert client.get("/patients/").url.startswith(SIGN_IN)


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


def set_up(client):
    """An app, as a browser would; returns its secret and the answer."""
    page = client.get(APP).content.decode()
    secret = re.search(r'setup-key">([A-Z2-7 ]+)<', page)[1].replace(" ", "")
    return secret, client.post(APP, {"code": code(secret)})


def test_setting_up_an_app_needs_no_password_right_after_signing_in(client, nadia, django_capture_on_commit_callbacks):
    sign_in(client, nadia)
    with django_capture_on_commit_callbacks(execute=True):
        _, done = set_up(client)

    assert done.url == "/accounts/second-step/codes/"
    assert len(re.findall(r"<code>\d{4} \d{4}</code>", client.get(done.url).content.decode())) == 10
    assert client.get("/patients/").status_code == 200
    assert told("account", change="set up a second step: totp").get().actor_id == nadia.pk


def test_later_the_password_is_asked_for_first(client, nadia):
    with time_machine.travel(1_795_000_000, tick=False) as clock:
        sign_in(client, nadia)
        clock.shift(301)
        asked = client.get(APP)
        refused = client.post(asked.url, {"password": "not this one"})
        accepted = client.post(asked.url, {"password": PASSWORD})

    assert asked.url.startswith("/accounts/confirm/")
    assert refused.status_code == 200
    assert accepted.url == APP


def test_who_has_a_second_step_confirms_with_it_and_not_with_the_password(client, nadia):
    with time_machine.travel(1_795_000_000, tick=False) as clock:
        secret = give_app(nadia)
        sign_in(client, nadia, code(secret))
        clock.shift(600)
        by_password = client.get("/accounts/confirm/")
        asked = client.get("/accounts/second-step/codes/new/")
        confirmed = client.post(asked.url, {"code": code(secret)})

    assert asked.url.startswith("/accounts/second-step/confirm/")
    assert by_password.url.startswith("/accounts/second-step/confirm/")
    assert confirmed.url == "/accounts/second-step/codes/new/"


def test_new_recovery_codes_end_the_old_ones(client, nadia, django_capture_on_commit_callbacks):
    secret = give_app(nadia)
    old = recovery_codes(nadia)
    sign_in(client, nadia, code(secret))

    with django_capture_on_commit_callbacks(execute=True):
        client.post("/accounts/second-step/codes/new/")
    listed = client.get("/accounts/second-step/codes/file/")

    assert not set(old) & set(recovery_codes(nadia))
    assert sign_in(Client(), nadia, old[0]).status_code == 200
    assert listed["Content-Disposition"] == 'attachment; filename="recovery-codes.txt"'
    assert recovery_codes(nadia)[0][:4] in listed.content.decode()
    assert told("account", change="set up a second step: recovery_codes").exists()


def test_removing_the_only_second_step_leads_to_a_new_one_at_once(client, nadia):
    secret = give_app(nadia)
    sign_in(client, nadia, code(secret))

    client.post("/accounts/second-step/app/remove/")

    assert not Authenticator.objects.filter(user=nadia).exists()
    assert client.get("/patients/").url.startswith(INDEX)
    assert told("account", change="removed a second step: totp").get().actor_id == nadia.pk


@pytest.mark.parametrize("nonsense", ["", "{}", "[]", "1", "null", '"x"', '{"response": {}}', "{", "\x00"])
@pytest.mark.parametrize("path", ["sign-in/", "passkeys/new/", "passkeys/confirm/"])
def test_a_passkey_that_is_none_is_refused_politely(client, nadia, path, nonsense):
    secret = give_app(nadia)
    if path == "sign-in/":
        sign_in(client, nadia)
    else:
        sign_in(client, nadia, code(secret))

    answer = client.post(INDEX + path, {"name": "x", "credential": nonsense})

    assert answer.status_code in (200, 302)
    assert not Authenticator.objects.filter(type="webauthn").exists()


def test_somebody_elses_passkey_is_neither_shown_nor_removed(client, nadia, olaf):
    secret = give_app(nadia)
    foreign = Authenticator.objects.create(user=olaf, type="webauthn", data={"name": "Olaf's key", "credential": {}})
    sign_in(client, nadia, code(secret))

    answers = [client.post(reverse(name, args=[foreign.pk])) for name in ("mfa_edit_webauthn", "mfa_remove_webauthn")]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert Authenticator.objects.filter(pk=foreign.pk).exists()


def kept():
    with connection.cursor() as cursor:
        cursor.execute("SELECT data::text FROM mfa_authenticator ORDER BY id")
        return " ".join(data for (data,) in cursor.fetchall())


def test_no_secret_stands_in_the_database_not_even_while_it_is_set_up(client, nadia):
    sign_in(client, nadia)
    page = client.get(APP).content.decode()
    waiting = re.search(r'setup-key">([A-Z2-7 ]+)<', page)[1].replace(" ", "")
    session = str(dict(client.session))
    client.post(APP, {"code": code(waiting)})

    assert waiting not in session
    assert waiting not in kept()
    assert concealment.reveal(Authenticator.objects.get(type="totp").data["secret"]) == waiting


def test_after_a_rotation_the_old_key_is_needed_no_more(client, nadia, settings):
    settings.MFA_ENCRYPTION_KEYS = [OLD_KEY]
    secret, spare = give_app(nadia), recovery_codes(nadia)[0]
    settings.MFA_ENCRYPTION_KEYS = [NEW_KEY, OLD_KEY]
    assert sign_in(Client(), nadia, spare).status_code == 302

    call_command("rotate_mfa_keys", verbosity=0)
    settings.MFA_ENCRYPTION_KEYS = [NEW_KEY]

    assert sign_in(client, nadia, code(secret)).status_code == 302


def test_a_rotation_without_the_old_key_changes_nothing_and_says_why(nadia, settings):
    settings.MFA_ENCRYPTION_KEYS = [OLD_KEY]
    give_app(nadia)
    before = kept()
    settings.MFA_ENCRYPTION_KEYS = [NEW_KEY]

    with pytest.raises(CommandError, match="was one removed before rotating"):
        call_command("rotate_mfa_keys")

    assert kept() == before


def test_an_administrator_resets_the_second_step_after_being_asked(
    client, nadia, ada, mailoutbox, django_capture_on_commit_callbacks
):
    give_app(nadia)
    client.force_login(ada)
    give_app(ada)
    prove(client, ada)
    chosen = {"action": "reset_second_step", "_selected_action": [nadia.pk]}
    people = reverse("admin:patients_user_changelist")

    asked = client.post(people, chosen).content.decode()
    assert Authenticator.objects.filter(user=nadia).exists()
    with django_capture_on_commit_callbacks(execute=True):
        client.post(people, chosen | {"confirmed": "Yes"})

    assert "Reset the second step of these people?" in asked
    assert not Authenticator.objects.filter(user=nadia).exists()
    assert told("account", change="reset the second step").get().target == f"user:{nadia.pk}"
    assert [message.to for message in mailoutbox] == [[nadia.email]]


def test_nobody_resets_their_own_or_what_is_not_there(nadia, ada):
    with pytest.raises(ValidationError, match="your own second step"):
        second_step.reset(user=ada, by=ada)
    with pytest.raises(ValidationError, match="no second step"):
        second_step.reset(user=nadia, by=ada)


def test_the_shell_helps_who_sets_up_and_has_lost_everything(ada, mailoutbox, django_capture_on_commit_callbacks):
    give_app(ada)
    with django_capture_on_commit_callbacks(execute=True):
        call_command("reset_second_step", email="Ada@Example.org", verbosity=0)

    assert not Authenticator.objects.filter(user=ada).exists()
    assert told("account", change="reset the second step").get().actor_id is None
    assert "An operator has reset" in mailoutbox[0].body
    for email, why in ((ada.email, "no second step"), ("nobody@example.org", "Nobody has")):
        with pytest.raises(CommandError, match=why):
            call_command("reset_second_step", email=email)


def test_a_session_from_before_a_reset_is_worth_nothing_after_it(client, nadia, ada):
    secret = give_app(nadia)
    sign_in(client, nadia, code(secret))

    second_step.reset(user=nadia, by=ada)
    assert client.get("/patients/").url.startswith(INDEX)
    give_app(nadia)

    assert client.get("/patients/").url.startswith("/accounts/second-step/confirm/")


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
