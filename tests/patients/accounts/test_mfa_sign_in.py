"""MFA at sign-in where it is required: it can't be skipped, and a lockout ends."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import time_machine
from django.db import connections
from django.test import Client

from patients.accounts import invitations
from tests.factories import UserFactory
from tests.mfa_helpers import (
    MFA_APP,
    MFA_INDEX,
    MFA_SIGN_IN,
    SIGN_IN,
    audit_events_with,
    set_up_totp,
    sign_in,
    totp_code,
    unused_recovery_codes,
    wrong_totp_code,
)

pytestmark = pytest.mark.usefixtures("mfa_required")
NEW_PASSWORD = "seven quiet herons wade"


def test_mfa_sign_in_with_valid_code_succeeds_and_writes_audit(client, nadia):
    secret = set_up_totp(nadia)

    password, done = sign_in(client, nadia), client.post(MFA_SIGN_IN, {"code": totp_code(secret)})

    assert (password.url, done.url) == (MFA_SIGN_IN, "/triage/")
    assert client.get("/patients/").status_code == 200
    assert audit_events_with("mfa_passed", kind="totp").get().actor_id == nadia.pk
    assert audit_events_with("sign_in").count() == 1


def test_mfa_sign_in_with_password_only_opens_no_page(client, nadia):
    set_up_totp(nadia)
    sign_in(client, nadia)

    assert client.get("/patients/").url.startswith(SIGN_IN)
    assert not audit_events_with("sign_in").exists()


def test_mfa_code_works_once_even_in_next_time_step(client, nadia):
    secret = set_up_totp(nadia)
    shown = totp_code(secret)
    with time_machine.travel(1_795_000_000, tick=False) as clock:
        shown = totp_code(secret)
        assert sign_in(client, nadia, shown).status_code == 302
        clock.shift(31)
        again = sign_in(Client(), nadia, shown)

    assert again.status_code == 200
    assert "was used already" in again.content.decode()


def test_mfa_recovery_code_works_once(client, nadia):
    set_up_totp(nadia)
    spare = unused_recovery_codes(nadia)[3]

    assert sign_in(client, nadia, f" {spare[:4]} {spare[4:]} ").url == "/triage/"
    assert sign_in(Client(), nadia, spare).status_code == 200
    assert len(unused_recovery_codes(nadia)) == 9
    assert audit_events_with("mfa_passed", kind="recovery_codes").exists()


def test_mfa_sign_in_locks_after_five_wrong_codes_and_audits_each(client, nadia):
    secret = set_up_totp(nadia)
    sign_in(client, nadia)
    for _ in range(5):
        client.post(MFA_SIGN_IN, {"code": wrong_totp_code(secret)})

    locked = client.post(MFA_SIGN_IN, {"code": totp_code(secret)})

    assert "Too many attempts" in locked.content.decode()
    failures = audit_events_with("sign_in_failed", step="second").filter(target=f"user:{nadia.pk}")
    assert [row.details["locked_out"] for row in failures.order_by("pk")] == [False] * 5 + [True]


@pytest.mark.django_db(transaction=True)
def test_mfa_sign_in_concurrent_wrong_codes_get_no_extra_attempts(settings):
    user = UserFactory()
    secret = set_up_totp(user)

    def guess(_):
        sign_in(Client(), user, wrong_totp_code(secret))
        connections.close_all()

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(guess, range(8)))

    assert audit_events_with("sign_in_failed", step="second", locked_out=False).count() == 5
    assert audit_events_with("sign_in_failed", step="second", locked_out=True).count() == 3


def test_mfa_is_still_required_after_a_repeated_invitation(client, nadia, ada, settings):
    secret = set_up_totp(nadia)
    invitations.deactivate_user(user=nadia, by=ada)
    invitations.resend_invitation(user=nadia, by=ada)
    link = invitations.invitation_url(nadia).removeprefix(settings.SITE_URL)

    opened = client.post(link, {"new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD})

    assert opened.url == MFA_SIGN_IN
    assert client.get("/patients/").url.startswith(SIGN_IN)
    assert client.post(MFA_SIGN_IN, {"code": totp_code(secret)}).url == "/triage/"


def test_invitation_accept_leads_to_mfa_setup(client, elm, ada, settings):
    fields = {"email": "new@example.org", "name": "Nils Berg", "role": "clinician", "clinics": [elm], "by": ada}
    link = invitations.invitation_url(invitations.invite_user(**fields)).removeprefix(settings.SITE_URL)

    opened = client.post(link, {"new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD})

    assert client.get(opened.url).url.startswith(MFA_INDEX)
    assert client.get(MFA_APP).status_code == 200, "the password was chosen just now; it isn't asked for again"


def test_mfa_sign_in_fails_for_user_deactivated_between_steps(client, nadia, ada):
    secret = set_up_totp(nadia)
    sign_in(client, nadia)
    invitations.deactivate_user(user=nadia, by=ada)

    client.post(MFA_SIGN_IN, {"code": totp_code(secret)})

    assert client.get("/patients/").url.startswith(SIGN_IN)
