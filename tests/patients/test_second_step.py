"""The second step of signing in, where it is required: nobody gets past it, and nobody is left outside for ever."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import time_machine
from django.db import connections
from django.test import Client

from patients.accounts import invitations
from tests.factories import UserFactory
from tests.second_steps import APP, INDEX, SIGN_IN, STEP, code, give_app, recovery_codes, sign_in, told, wrong

pytestmark = pytest.mark.usefixtures("second_step_required")
NEW_PASSWORD = "seven quiet herons wade"


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

    assert "Too many attempts" in locked.content.decode()
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
    invitations.deactivate(user=nadia, by=ada)
    invitations.invite_again(user=nadia, by=ada)
    link = invitations.invitation_link(nadia).removeprefix(settings.SITE_URL)

    opened = client.post(link, {"new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD})

    assert opened.url == STEP
    assert client.get("/patients/").url.startswith(SIGN_IN)
    assert client.post(STEP, {"code": code(secret)}).url == "/patients/"


def test_who_is_invited_is_led_from_the_password_to_the_second_step(client, elm, ada, settings):
    fields = {"email": "new@example.org", "name": "Nils Berg", "role": "clinician", "clinics": [elm], "by": ada}
    link = invitations.invitation_link(invitations.invite(**fields)).removeprefix(settings.SITE_URL)

    opened = client.post(link, {"new_password1": NEW_PASSWORD, "new_password2": NEW_PASSWORD})

    assert client.get(opened.url).url.startswith(INDEX)
    assert client.get(APP).status_code == 200, "the password was chosen just now; it isn't asked for again"


def test_who_is_deactivated_between_the_steps_is_not_let_in(client, nadia, ada):
    secret = give_app(nadia)
    sign_in(client, nadia)
    invitations.deactivate(user=nadia, by=ada)

    client.post(STEP, {"code": code(secret)})

    assert client.get("/patients/").url.startswith(SIGN_IN)
