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
from tests.second_steps import APP, INDEX, code, give_app, prove, recovery_codes, sign_in, told

pytestmark = pytest.mark.usefixtures("second_step_required")
OLD_KEY, NEW_KEY = "b2xkLWtleS0wMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM=", "bmV3LWtleS0wMTIzNDU2Nzg5MDEyMzQ1Njc4OTAxMjM="


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
    assert encryption.reveal(Authenticator.objects.get(type="totp").data["secret"]) == waiting


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
        mfa.reset(user=ada, by=ada)
    with pytest.raises(ValidationError, match="no second step"):
        mfa.reset(user=nadia, by=ada)


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

    mfa.reset(user=nadia, by=ada)
    assert client.get("/patients/").url.startswith(INDEX)
    give_app(nadia)

    assert client.get("/patients/").url.startswith("/accounts/second-step/confirm/")
