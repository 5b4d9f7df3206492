"""Setting up, confirming and removing a second step."""

import re
from pathlib import Path

import allauth
import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse

from patients.accounts.allauth_adapter import CHANGES
from tests.factories import PASSWORD
from tests.second_steps import APP, INDEX, code, give_app, recovery_codes, sign_in, told

pytestmark = pytest.mark.usefixtures("second_step_required")


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


def mailed(mailoutbox):
    """Whom each mail went to, and what it says was changed."""
    return [(message.to, message.body.split("\n\n")[2]) for message in mailoutbox]


def test_the_owner_is_told_of_each_change_of_a_lock_and_once(
    client, nadia, rosa, mailoutbox, django_capture_on_commit_callbacks
):
    sign_in(client, nadia)
    with django_capture_on_commit_callbacks(execute=True):
        set_up(client)
    for lock in ("codes/new/", "app/remove/"):
        with django_capture_on_commit_callbacks(execute=True):
            client.post(f"/accounts/second-step/{lock}")

    assert mailed(mailoutbox) == [
        ([nadia.email], "An authenticator app was set up."),
        ([nadia.email], "New recovery codes were made; the old ones stopped working."),
        ([nadia.email], "The authenticator app was removed."),
    ]
    assert rosa.family_name not in "".join(message.body for message in mailoutbox)


def test_the_owner_is_told_of_a_changed_password(client, nadia, mailoutbox, django_capture_on_commit_callbacks):
    secret = give_app(nadia)
    sign_in(client, nadia, code(secret))
    new = "seven quiet herons wade"
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})

    assert mailed(mailoutbox) == [([nadia.email], "The password was changed.")]


def test_everything_that_allauth_reports_about_an_account_has_words():
    sources = "".join(
        path.read_text() for path in Path(allauth.__file__).parent.rglob("*.py") if "test" not in path.name
    )
    reported = set(re.findall(r'send_notification_mail\(\s*"((?:account|mfa)/email/\w+)"', sources))
    ours = {name for name in reported if not re.search(r"email_(changed|confirm|deleted)|unknown|exists", name)}

    assert len(ours) >= 6
    assert ours <= set(CHANGES)
