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


def test_a_clinician_lands_on_the_patients_and_the_audit_says_from_where(client, nadia):
    answer = try_to_sign_in(client, "Nadia@Example.org", REMOTE_ADDR="192.0.2.7")

    assert (answer.status_code, answer.url) == (302, "/patients/")
    row = AuditEvent.objects.get(action="sign_in")
    assert (row.actor_id, row.actor_role, row.address, row.route) == (
        nadia.pk,
        "clinician",
        "192.0.2.7",
        "account_login",
    )


def test_an_administrator_lands_in_the_admin(client, ada):
    assert try_to_sign_in(client, ada.email).url == "/admin/"


def test_a_wrong_password_tells_nothing_and_is_written_down(client, nadia):
    answer = try_to_sign_in(client, nadia.email, "wrong but long enough")

    assert answer.status_code == 200
    assert "belong together" in answer.content.decode()
    assert AuditEvent.objects.get(action="sign_in_failed").target == f"user:{nadia.pk}"


def test_a_wrong_password_and_an_unknown_address_are_answered_alike_and_in_plain_words(client, nadia):
    for email in (nadia.email, "nobody@example.org"):
        page = try_to_sign_in(client, email, "wrong-password").content.decode()
        assert "This e-mail address and this password don&#x27;t belong together." in page


def test_what_a_stranger_types_is_never_kept(client, db):
    try_to_sign_in(client, "my-password-typed-into-the-wrong-box@example.org", "x")

    row = AuditEvent.objects.get(action="sign_in_failed")
    assert (row.actor_email, row.target) == ("", "")
    assert "wrong-box" not in str(row.details)


def test_five_failures_lock_a_person_out_at_one_address_only(client, nadia):
    for _ in range(5):
        try_to_sign_in(client, nadia.email, "wrong", REMOTE_ADDR="192.0.2.7")

    locked = try_to_sign_in(client, nadia.email, REMOTE_ADDR="192.0.2.7")
    elsewhere = try_to_sign_in(client, nadia.email, REMOTE_ADDR="198.51.100.4")

    assert "Wait a quarter of an hour, or choose a new password by mail" in locked.content.decode()
    assert AuditEvent.objects.filter(action="sign_in_failed", details__locked_out=True).count() == 1
    assert elsewhere.status_code == 302


def test_a_colleague_at_the_same_address_is_not_locked_out(client, nadia, cora):
    for _ in range(6):
        try_to_sign_in(client, nadia.email, "wrong")

    assert try_to_sign_in(client, cora.email).status_code == 302


def test_guessing_from_many_addresses_is_stopped_too(client, nadia):
    for n in range(30):
        try_to_sign_in(client, nadia.email, "wrong", REMOTE_ADDR=f"198.51.100.{n}")

    assert try_to_sign_in(client, nadia.email, REMOTE_ADDR="203.0.113.9").status_code == 200


def test_good_sign_ins_count_towards_no_lockout(client, nadia):
    for _ in range(8):
        assert try_to_sign_in(client, nadia.email).status_code == 302
        client.post("/accounts/logout/")


def test_a_forged_forwarding_header_opens_no_new_allowance(client, nadia, settings):
    settings.TRUSTED_PROXY_COUNT = 1
    for n in range(5):
        try_to_sign_in(client, nadia.email, "wrong", HTTP_X_FORWARDED_FOR=f"10.0.0.{n}, 192.0.2.7")

    locked = try_to_sign_in(client, nadia.email, HTTP_X_FORWARDED_FOR="10.9.9.9, 192.0.2.7")

    assert locked.status_code == 200


def test_signing_out_ends_the_session_and_is_written_down(client, nadia):
    try_to_sign_in(client, nadia.email)

    client.post("/accounts/logout/")

    assert client.get("/", follow=False).url.startswith(SIGN_IN)
    assert AuditEvent.objects.filter(action="sign_out", actor_id=nadia.pk).exists()


@pytest.mark.parametrize("path", ["signup/", "email/", "3rdparty/", "reauthenticate/", "social/signup/"])
def test_there_is_no_other_way_in(client, db, path):
    assert client.get(f"/accounts/{path}").status_code == 404


def test_the_session_is_over_with_the_browser_and_its_cookie_is_closed_to_scripts(client, nadia):
    cookie = try_to_sign_in(client, nadia.email).cookies["sessionid"]

    assert cookie["max-age"] == ""
    assert cookie["httponly"]


def asked_link(client, user):
    """Mail leaves after the commit, so the link is there once the block around this has ended."""
    client.post(reverse("account_reset_password"), {"email": user.email})
    return lambda: re.search(r"http://testserver(\S+)", mail.outbox[-1].body)[1]


def choose(client, link, password):
    form = client.get(link, follow=True)
    return client.post(form.request["PATH_INFO"], {"password1": password, "password2": password}, follow=True)


def test_a_forgotten_password_is_replaced_by_mail_which_also_ends_the_lockout(
    client, nadia, django_capture_on_commit_callbacks
):
    for _ in range(6):
        try_to_sign_in(client, nadia.email, "forgotten")
    with django_capture_on_commit_callbacks(execute=True):
        link = asked_link(client, nadia)

    done = choose(client, link(), "seven quiet herons wade")

    assert "Your new password is saved" in done.content.decode()
    assert try_to_sign_in(client, nadia.email, "seven quiet herons wade").status_code == 302
    assert AuditEvent.objects.filter(action="account", details__change="reset the password").exists()


def test_a_reset_link_works_once(client, nadia, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        link = asked_link(client, nadia)
    choose(client, link(), "seven quiet herons wade")

    again = client.get(link(), follow=True)

    assert "doesn't work any more" in again.content.decode()


def test_strangers_get_no_mail_and_no_hint(client, nadia, django_capture_on_commit_callbacks):
    with django_capture_on_commit_callbacks(execute=True):
        known = client.post(reverse("account_reset_password"), {"email": nadia.email})
        stranger = client.post(reverse("account_reset_password"), {"email": "nobody@example.org"})

    assert (known.status_code, known.url) == (stranger.status_code, stranger.url)
    assert [message.to for message in mail.outbox] == [[nadia.email]]


def test_changing_the_password_needs_the_old_one(client, nadia):
    client.force_login(nadia)
    fields = {"oldpassword": "not this", "password1": "seven quiet herons wade", "password2": "seven quiet herons wade"}

    refused = client.post("/accounts/password/change/", fields)
    accepted = client.post("/accounts/password/change/", fields | {"oldpassword": PASSWORD})

    assert refused.status_code == 200
    assert accepted.status_code == 302
    nadia.refresh_from_db()
    assert nadia.check_password("seven quiet herons wade")


def test_a_form_that_had_grown_old_is_explained(nadia):
    answer = Client(enforce_csrf_checks=True).post(SIGN_IN, {"login": nadia.email, "password": PASSWORD})

    assert answer.status_code == 403
    assert "had grown old" in answer.content.decode()
    assert "<style" not in answer.content.decode()


@pytest.mark.django_db(transaction=True)
def test_guesses_at_the_same_moment_get_no_extra_tries():
    user = UserFactory()

    def guess(_):
        try_to_sign_in(Client(), user.email, "wrong")
        connections.close_all()

    with ThreadPoolExecutor(12) as threads:
        list(threads.map(guess, range(12)))

    failures = AuditEvent.objects.filter(action="sign_in_failed")
    assert failures.filter(details__locked_out=False).count() == 5
    assert failures.filter(details__locked_out=True).count() == 7


def test_a_new_password_is_asked_for_in_the_same_words_wherever_it_is_chosen(
    client, nadia, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        link = asked_link(client, nadia)
    forgotten = client.get(link(), follow=True).content.decode()
    client.force_login(nadia)
    changed = client.get("/accounts/password/change/").content.decode()

    for page in (forgotten, changed):
        assert "A few unusual words are easy to remember." in page
        assert "The same password again" in page
        assert "placeholder=" not in page
