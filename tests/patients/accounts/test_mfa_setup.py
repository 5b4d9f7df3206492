"""Setting up, confirming and removing a second step."""

import re
from pathlib import Path

import allauth
import pytest
import time_machine
from allauth.mfa.models import Authenticator
from django.test import Client
from django.urls import reverse

from patients.accounts.allauth_adapter import ACCOUNT_CHANGE_MESSAGES
from tests.factories import PASSWORD
from tests.mfa_helpers import (
    MFA_APP,
    MFA_INDEX,
    audit_events_with,
    set_up_totp,
    sign_in,
    totp_code,
    unused_recovery_codes,
)

pytestmark = pytest.mark.usefixtures("mfa_required")


def set_up_app(client):
    """An app, as a browser would; returns its secret and the answer."""
    page = client.get(MFA_APP).content.decode()
    secret = re.search(r'setup-key">([A-Z2-7 ]+)<', page)[1].replace(" ", "")
    return secret, client.post(MFA_APP, {"code": totp_code(secret)})


def test_mfa_app_setup_right_after_sign_in_needs_no_password(client, nadia, django_capture_on_commit_callbacks):
    sign_in(client, nadia)
    with django_capture_on_commit_callbacks(execute=True):
        _, done = set_up_app(client)

    assert done.url == "/accounts/second-step/codes/"
    assert len(re.findall(r"<code>\d{4} \d{4}</code>", client.get(done.url).content.decode())) == 10
    assert client.get("/patients/").status_code == 200
    assert audit_events_with("account", change="set up a second step: totp").get().actor_id == nadia.pk


def test_mfa_app_setup_later_requires_password_confirmation(client, nadia):
    with time_machine.travel(1_795_000_000, tick=False) as clock:
        sign_in(client, nadia)
        clock.shift(301)
        asked = client.get(MFA_APP)
        refused = client.post(asked.url, {"password": "not this one"})
        accepted = client.post(asked.url, {"password": PASSWORD})

    assert asked.url.startswith("/accounts/confirm/")
    assert refused.status_code == 200
    assert accepted.url == MFA_APP


def test_mfa_user_confirms_identity_with_code_instead_of_password(client, nadia):
    with time_machine.travel(1_795_000_000, tick=False) as clock:
        secret = set_up_totp(nadia)
        sign_in(client, nadia, totp_code(secret))
        clock.shift(600)
        by_password = client.get("/accounts/confirm/")
        asked = client.get("/accounts/second-step/codes/new/")
        confirmed = client.post(asked.url, {"code": totp_code(secret)})

    assert asked.url.startswith("/accounts/second-step/confirm/")
    assert by_password.url.startswith("/accounts/second-step/confirm/")
    assert confirmed.url == "/accounts/second-step/codes/new/"


def test_mfa_new_recovery_codes_invalidate_old_ones(client, nadia, django_capture_on_commit_callbacks):
    secret = set_up_totp(nadia)
    old = unused_recovery_codes(nadia)
    sign_in(client, nadia, totp_code(secret))

    with django_capture_on_commit_callbacks(execute=True):
        client.post("/accounts/second-step/codes/new/")
    listed = client.get("/accounts/second-step/codes/file/")

    assert not set(old) & set(unused_recovery_codes(nadia))
    assert sign_in(Client(), nadia, old[0]).status_code == 200
    assert listed["Content-Disposition"] == 'attachment; filename="recovery-codes.txt"'
    assert unused_recovery_codes(nadia)[0][:4] in listed.content.decode()
    assert audit_events_with("account", change="set up a second step: recovery_codes").exists()


def test_mfa_removal_of_last_method_redirects_to_setup(client, nadia):
    secret = set_up_totp(nadia)
    sign_in(client, nadia, totp_code(secret))

    client.post("/accounts/second-step/app/remove/")

    assert not Authenticator.objects.filter(user=nadia).exists()
    assert client.get("/patients/").url.startswith(MFA_INDEX)
    assert audit_events_with("account", change="removed a second step: totp").get().actor_id == nadia.pk


@pytest.mark.parametrize("nonsense", ["", "{}", "[]", "1", "null", '"x"', '{"response": {}}', "{", "\x00"])
@pytest.mark.parametrize("path", ["sign-in/", "passkeys/new/", "passkeys/confirm/"])
def test_passkey_malformed_credential_is_rejected(client, nadia, path, nonsense):
    secret = set_up_totp(nadia)
    if path == "sign-in/":
        sign_in(client, nadia)
    else:
        sign_in(client, nadia, totp_code(secret))

    answer = client.post(MFA_INDEX + path, {"name": "x", "credential": nonsense})

    assert answer.status_code in (200, 302)
    assert not Authenticator.objects.filter(type="webauthn").exists()


def test_passkey_of_another_user_cannot_be_edited_or_removed(client, nadia, olaf):
    secret = set_up_totp(nadia)
    foreign = Authenticator.objects.create(user=olaf, type="webauthn", data={"name": "Olaf's key", "credential": {}})
    sign_in(client, nadia, totp_code(secret))

    answers = [client.post(reverse(name, args=[foreign.pk])) for name in ("mfa_edit_webauthn", "mfa_remove_webauthn")]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert Authenticator.objects.filter(pk=foreign.pk).exists()


def mailed_changes(mailoutbox):
    """Whom each mail went to, and what it says was changed."""
    return [(message.to, message.body.split("\n\n")[2]) for message in mailoutbox]


def test_mfa_changes_send_one_mail_each_to_the_owner(
    client, nadia, rosa, mailoutbox, django_capture_on_commit_callbacks
):
    sign_in(client, nadia)
    with django_capture_on_commit_callbacks(execute=True):
        set_up_app(client)
    for lock in ("codes/new/", "app/remove/"):
        with django_capture_on_commit_callbacks(execute=True):
            client.post(f"/accounts/second-step/{lock}")

    assert mailed_changes(mailoutbox) == [
        ([nadia.email], "An authenticator app was set up."),
        ([nadia.email], "New recovery codes were made; the old ones stopped working."),
        ([nadia.email], "The authenticator app was removed."),
    ]
    assert rosa.family_name not in "".join(message.body for message in mailoutbox)


def test_password_change_sends_mail_to_the_owner(client, nadia, mailoutbox, django_capture_on_commit_callbacks):
    secret = set_up_totp(nadia)
    sign_in(client, nadia, totp_code(secret))
    new = "seven quiet herons wade"
    with django_capture_on_commit_callbacks(execute=True):
        client.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})

    assert mailed_changes(mailoutbox) == [([nadia.email], "The password was changed.")]


def test_account_notifications_cover_every_allauth_mail():
    sources = "".join(
        path.read_text() for path in Path(allauth.__file__).parent.rglob("*.py") if "test" not in path.name
    )
    reported = set(re.findall(r'send_notification_mail\(\s*"((?:account|mfa)/email/\w+)"', sources))
    ours = {name for name in reported if not re.search(r"email_(changed|confirm|deleted)|unknown|exists", name)}

    assert len(ours) >= 6
    assert ours <= set(ACCOUNT_CHANGE_MESSAGES)
