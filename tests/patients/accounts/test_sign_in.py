import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core import mail
from django.db import connections
from django.test import Client
from django.urls import reverse

from patients.models import AuditEvent
from tests.factories import PASSWORD, UserFactory

SIGN_IN = "/accounts/login/"


def try_to_sign_in(client, email, password=PASSWORD, **headers):
    return client.post(SIGN_IN, {"login": email, "password": password}, **headers)


def test_sign_in_of_clinician_opens_triage_and_audits_address(client, nadia):
    answer = try_to_sign_in(client, "Nadia@Example.org", REMOTE_ADDR="192.0.2.7")

    assert (answer.status_code, answer.url) == (302, "/triage/")
    row = AuditEvent.objects.get(action="sign_in")
    assert (row.actor_id, row.actor_role, row.address, row.route) == (
        nadia.pk,
        "clinician",
        "192.0.2.7",
        "account_login",
    )


def test_sign_in_of_administrator_opens_admin(client, ada):
    assert try_to_sign_in(client, ada.email).url == "/admin/"


def test_sign_in_wrong_password_shows_generic_error_and_writes_audit(client, nadia):
    answer = try_to_sign_in(client, nadia.email, "wrong but long enough")

    assert answer.status_code == 200
    assert "belong together" in answer.content.decode()
    assert AuditEvent.objects.get(action="sign_in_failed").target == f"user:{nadia.pk}"


def test_sign_in_error_is_the_same_for_wrong_password_and_unknown_email(client, nadia):
    for email in (nadia.email, "nobody@example.org"):
        page = try_to_sign_in(client, email, "wrong-password").content.decode()
        assert "This e-mail address and this password don&#x27;t belong together." in page


def test_sign_in_failure_audit_does_not_store_unknown_email(client, db):
    try_to_sign_in(client, "my-password-typed-into-the-wrong-box@example.org", "x")

    row = AuditEvent.objects.get(action="sign_in_failed")
    assert (row.actor_email, row.target) == ("", "")
    assert "wrong-box" not in str(row.details)


def test_sign_in_locks_user_at_one_address_after_five_failures(client, nadia):
    for _ in range(5):
        try_to_sign_in(client, nadia.email, "wrong", REMOTE_ADDR="192.0.2.7")

    locked = try_to_sign_in(client, nadia.email, REMOTE_ADDR="192.0.2.7")
    elsewhere = try_to_sign_in(client, nadia.email, REMOTE_ADDR="198.51.100.4")

    assert "Wait a quarter of an hour, or choose a new password by mail" in locked.content.decode()
    assert AuditEvent.objects.filter(action="sign_in_failed", details__locked_out=True).count() == 1
    assert elsewhere.status_code == 302


def test_sign_in_lockout_does_not_affect_another_user_at_same_address(client, nadia, cora):
    for _ in range(6):
        try_to_sign_in(client, nadia.email, "wrong")

    assert try_to_sign_in(client, cora.email).status_code == 302


def test_sign_in_locks_user_after_failures_from_many_addresses(client, nadia):
    for n in range(30):
        try_to_sign_in(client, nadia.email, "wrong", REMOTE_ADDR=f"198.51.100.{n}")

    assert try_to_sign_in(client, nadia.email, REMOTE_ADDR="203.0.113.9").status_code == 200


def test_sign_in_success_does_not_count_towards_lockout(client, nadia):
    for _ in range(8):
        assert try_to_sign_in(client, nadia.email).status_code == 302
        client.post("/accounts/logout/")


def test_sign_in_lockout_ignores_forged_forwarded_for_header(client, nadia, settings):
    settings.TRUSTED_PROXY_COUNT = 1
    for n in range(5):
        try_to_sign_in(client, nadia.email, "wrong", HTTP_X_FORWARDED_FOR=f"10.0.0.{n}, 192.0.2.7")

    locked = try_to_sign_in(client, nadia.email, HTTP_X_FORWARDED_FOR="10.9.9.9, 192.0.2.7")

    assert locked.status_code == 200


def test_sign_out_ends_session_and_writes_audit(client, nadia):
    try_to_sign_in(client, nadia.email)

    client.post("/accounts/logout/")

    assert client.get("/", follow=False).url.startswith(SIGN_IN)
    assert AuditEvent.objects.filter(action="sign_out", actor_id=nadia.pk).exists()


@pytest.mark.parametrize("path", ["signup/", "email/", "3rdparty/", "reauthenticate/", "social/signup/"])
def test_unused_allauth_routes_return_404(client, db, path):
    assert client.get(f"/accounts/{path}").status_code == 404


def test_session_cookie_ends_with_browser_and_is_http_only(client, nadia):
    cookie = try_to_sign_in(client, nadia.email).cookies["sessionid"]

    assert cookie["max-age"] == ""
    assert cookie["httponly"]


def request_reset_link(client, user):
    """Mail leaves after the commit, so the link is there once the block around this has ended."""
    client.post(reverse("account_reset_password"), {"email": user.email})
    return lambda: re.search(r"http://testserver(\S+)", mail.outbox[-1].body)[1]


def choose_password(client, link, password):
    form = client.get(link, follow=True)
    return client.post(form.request["PATH_INFO"], {"password1": password, "password2": password}, follow=True)


def test_password_reset_by_mail_also_ends_lockout(client, nadia, django_capture_on_commit_callbacks):
    for _ in range(6):
        try_to_sign_in(client, nadia.email, "forgotten")
    with django_capture_on_commit_callbacks(execute=True):
        link = request_reset_link(client, nadia)

    done = choose_password(client, link(), "seven quiet herons wade")

    assert "Your new password is saved" in done.content.decode()
    assert try_to_sign_in(client, nadia.email, "seven quiet herons wade").status_code == 302
    assert AuditEvent.objects.filter(action="account", details__change="reset the password").exists()


def test_password_reset_link_works_once(client, nadia, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        link = request_reset_link(client, nadia)
    choose_password(client, link(), "seven quiet herons wade")

    again = client.get(link(), follow=True)

    assert "doesn't work any more" in again.content.decode()


def test_password_reset_sends_no_mail_and_no_hint_for_unknown_email(client, nadia, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        known = client.post(reverse("account_reset_password"), {"email": nadia.email})
        unknown = client.post(reverse("account_reset_password"), {"email": "nobody@example.org"})

    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)
    assert [message.to for message in mail.outbox] == [[nadia.email]]


def test_password_change_requires_old_password(client, nadia):
    client.force_login(nadia)
    fields = {"oldpassword": "not this", "password1": "seven quiet herons wade", "password2": "seven quiet herons wade"}

    refused = client.post("/accounts/password/change/", fields)
    accepted = client.post("/accounts/password/change/", fields | {"oldpassword": PASSWORD})

    assert refused.status_code == 200
    assert accepted.status_code == 302
    nadia.refresh_from_db()
    assert nadia.check_password("seven quiet herons wade")


def test_csrf_failure_on_sign_in_page_is_explained(nadia):
    answer = Client(enforce_csrf_checks=True).post(SIGN_IN, {"login": nadia.email, "password": PASSWORD})

    assert answer.status_code == 403
    assert "had grown old" in answer.content.decode()
    assert "<style" not in answer.content.decode()


@pytest.mark.django_db(transaction=True)
def test_sign_in_concurrent_guesses_get_no_extra_attempts():
    user = UserFactory()

    def guess(_):
        try_to_sign_in(Client(), user.email, "wrong")
        connections.close_all()

    with ThreadPoolExecutor(12) as threads:
        list(threads.map(guess, range(12)))

    failures = AuditEvent.objects.filter(action="sign_in_failed")
    assert failures.filter(details__locked_out=False).count() == 5
    assert failures.filter(details__locked_out=True).count() == 7


def test_password_pages_use_the_same_help_text_and_labels(client, nadia, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        link = request_reset_link(client, nadia)
    forgotten = client.get(link(), follow=True).content.decode()
    client.force_login(nadia)
    changed = client.get("/accounts/password/change/").content.decode()

    for page in (forgotten, changed):
        assert "A few unusual words are easy to remember." in page
        assert "The same password again" in page
        assert "placeholder=" not in page
