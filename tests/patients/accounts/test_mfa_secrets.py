"""The secrets of second steps: concealed, rotated, and reset for who lost everything."""

import re

import pytest
from allauth.mfa.models import Authenticator
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.urls import reverse

from patients import encryption
from patients.accounts import mfa
from tests.mfa_helpers import (
    MFA_APP,
    MFA_INDEX,
    audit_events_with,
    mark_mfa_passed,
    set_up_totp,
    sign_in,
    totp_code,
    unused_recovery_codes,
)

pytestmark = pytest.mark.usefixtures("mfa_required")
OLD_KEY, NEW_KEY = "b2xkLWtleS0wMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM=", "bmV3LWtleS0wMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM="


def stored_mfa_data():
    with connection.cursor() as cursor:
        cursor.execute("SELECT data::text FROM mfa_authenticator ORDER BY id")
        return " ".join(data for (data,) in cursor.fetchall())


def test_mfa_secret_is_never_stored_in_plain_text(client, nadia):
    sign_in(client, nadia)
    page = client.get(MFA_APP).content.decode()
    waiting = re.search(r'setup-key">([A-Z2-7 ]+)<', page)[1].replace(" ", "")
    session = str(dict(client.session))
    client.post(MFA_APP, {"code": totp_code(waiting)})

    assert waiting not in session
    assert waiting not in stored_mfa_data()
    assert encryption.decrypt_secret(Authenticator.objects.get(type="totp").data["secret"]) == waiting


def test_rotate_mfa_keys_makes_old_key_unnecessary(client, nadia, settings):
    settings.MFA_ENCRYPTION_KEYS = [OLD_KEY]
    secret, spare = set_up_totp(nadia), unused_recovery_codes(nadia)[0]
    settings.MFA_ENCRYPTION_KEYS = [NEW_KEY, OLD_KEY]
    assert sign_in(Client(), nadia, spare).status_code == 302

    call_command("rotate_mfa_keys", verbosity=0)
    settings.MFA_ENCRYPTION_KEYS = [NEW_KEY]

    assert sign_in(client, nadia, totp_code(secret)).status_code == 302


def test_rotate_mfa_keys_without_old_key_fails_and_changes_nothing(nadia, settings):
    settings.MFA_ENCRYPTION_KEYS = [OLD_KEY]
    set_up_totp(nadia)
    before = stored_mfa_data()
    settings.MFA_ENCRYPTION_KEYS = [NEW_KEY]

    with pytest.raises(CommandError, match="was one removed before rotating"):
        call_command("rotate_mfa_keys")

    assert stored_mfa_data() == before


def test_reset_mfa_admin_action_asks_for_confirmation_and_mails_user(
    client, nadia, ada, mailoutbox, django_capture_on_commit_callbacks
):
    set_up_totp(nadia)
    client.force_login(ada)
    set_up_totp(ada)
    mark_mfa_passed(client, ada)
    chosen = {"action": "reset_mfa", "_selected_action": [nadia.pk]}
    people = reverse("admin:patients_user_changelist")

    asked = client.post(people, chosen).content.decode()
    assert Authenticator.objects.filter(user=nadia).exists()
    with django_capture_on_commit_callbacks(execute=True):
        client.post(people, chosen | {"confirmed": "Yes"})

    assert "Reset two-step sign-in?" in asked
    assert not Authenticator.objects.filter(user=nadia).exists()
    assert audit_events_with("account", change="reset two-step sign-in").get().target == f"user:{nadia.pk}"
    assert [message.to for message in mailoutbox] == [[nadia.email]]


def test_reset_mfa_rejects_own_account_and_user_without_mfa(nadia, ada):
    with pytest.raises(ValidationError, match="your own two-step sign-in"):
        mfa.reset_mfa(user=ada, by=ada)
    with pytest.raises(ValidationError, match="no two-step sign-in"):
        mfa.reset_mfa(user=nadia, by=ada)


def test_reset_mfa_command_mails_user_and_rejects_unknown_accounts(ada, mailoutbox, django_capture_on_commit_callbacks):
    set_up_totp(ada)
    with django_capture_on_commit_callbacks(execute=True):
        call_command("reset_mfa", email="Ada@Example.org", verbosity=0)

    assert not Authenticator.objects.filter(user=ada).exists()
    assert audit_events_with("account", change="reset two-step sign-in").get().actor_id is None
    assert "An operator has reset" in mailoutbox[0].body
    for email, why in ((ada.email, "no two-step sign-in"), ("nobody@example.org", "No account has")):
        with pytest.raises(CommandError, match=why):
            call_command("reset_mfa", email=email)


def test_reset_mfa_invalidates_earlier_sessions(client, nadia, ada):
    secret = set_up_totp(nadia)
    sign_in(client, nadia, totp_code(secret))

    mfa.reset_mfa(user=nadia, by=ada)
    assert client.get("/patients/").url.startswith(MFA_INDEX)
    set_up_totp(nadia)

    assert client.get("/patients/").url.startswith("/accounts/second-step/confirm/")
