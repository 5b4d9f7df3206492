import re

import pytest
import time_machine
from django.core import mail
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.management import call_command

from patients.accounts import invitations
from patients.models import AuditEvent, Role, User
from tests.factories import PASSWORD, UserFactory

NEW = "seven quiet herons wade"


@pytest.fixture
def mailed_link(django_capture_on_commit_callbacks):
    """Does something that mails an invitation, and returns the path of the link in that mail."""

    def link(verb, **arguments):
        with django_capture_on_commit_callbacks(execute=True):
            verb(**arguments)
        return re.search(r"http://testserver(\S+)", mail.outbox[-1].body)[1]

    return link


@pytest.fixture
def invite(mailed_link, ada, elm):
    def invite(**changes):
        fields = {"email": "new@example.org", "name": "Nils Berg", "role": Role.CLINICIAN, "clinics": [elm], "by": ada}
        return mailed_link(invitations.invite_user, **(fields | changes))

    return invite


def accept_invitation(client, link, password=NEW):
    return client.post(link, {"new_password1": password, "new_password2": password})


def test_invitation_accept_sets_password_activates_user_and_signs_in(client, invite, elm):
    link = invite()

    page, answer = client.get(link), accept_invitation(client, link)

    assert "Welcome, Nils Berg" in page.content.decode()
    assert answer.url == "/triage/"
    user = User.objects.get(email="new@example.org")
    assert user.is_active
    assert not user.is_staff
    assert list(user.clinics.all()) == [elm]
    assert set(AuditEvent.objects.values_list("action", flat=True)) == {"invite", "account", "sign_in"}


def test_invited_user_cannot_sign_in_or_reset_password_before_accepting(client, invite):
    invite()

    client.post("/accounts/password/reset/", {"email": "new@example.org"})

    assert len(mail.outbox) == 1
    assert client.post("/accounts/login/", {"login": "new@example.org", "password": PASSWORD}).status_code == 200


def test_invitation_link_works_once(client, invite):
    link = invite()
    accept_invitation(client, link)
    client.logout()

    again = accept_invitation(client, link, "another long password")

    assert again.status_code == 410
    assert User.objects.get(email="new@example.org").check_password(NEW)


def test_invitation_link_stays_valid_after_being_opened(client, invite):
    link = invite()

    for _ in range(3):
        client.get(link)

    assert accept_invitation(client, link).status_code == 302


def test_invitation_link_expires_after_seven_days(client, invite):
    with time_machine.travel("2026-11-01T09:00:00Z", tick=False):
        link = invite()
    with time_machine.travel("2026-11-08T08:59:00Z", tick=False):
        assert client.get(link).status_code == 200
    with time_machine.travel("2026-11-08T09:01:00Z", tick=False):
        assert client.get(link).status_code == 410


def test_invite_again_invalidates_earlier_link(client, invite, mailed_link, ada):
    first = invite()

    second = mailed_link(invitations.resend_invitation, user=User.objects.get(email="new@example.org"), by=ada)

    assert client.get(first).status_code == 410
    assert accept_invitation(client, second).status_code == 302


def test_invitation_link_of_deactivated_user_returns_410(client, invite, ada):
    link = invite()

    invitations.deactivate_user(user=User.objects.get(email="new@example.org"), by=ada)

    assert accept_invitation(client, link).status_code == 410


@pytest.mark.parametrize("token", ["x", "eyJhIjoxfQ:1abc:zzzz", "%00", "a" * 5000])
def test_invitation_forged_token_returns_410(client, db, token):
    assert client.get(f"/accounts/invitation/{token}/").status_code == 410


def test_invitation_weak_password_shows_error_at_first_password_field(client, invite):
    answer = accept_invitation(client, invite(), "password")

    assert answer.status_code == 200
    wrong = answer.context["form"].errors
    assert any("too short" in said for said in wrong["new_password1"])
    assert list(wrong) == ["new_password1"], "not beside its repetition"


def test_invitation_accepted_by_administrator_sets_is_staff(client, invite):
    accept_invitation(client, invite(role=Role.ADMINISTRATOR))

    assert User.objects.get(email="new@example.org").is_staff


def test_invite_into_clinic_of_others_raises_validation_error(ada, harbor):
    with pytest.raises(ValidationError, match="your own clinics"):
        invitations.invite_user(email="a@example.org", name="A", role=Role.CLINICIAN, clinics=[harbor], by=ada)


def test_invite_email_in_use_raises_validation_error_ignoring_case(ada, elm, nadia):
    with pytest.raises(ValidationError, match=r"E-mail in use|already exists"):
        invitations.invite_user(email="NADIA@example.org", name="A", role=Role.CLINICIAN, clinics=[elm], by=ada)


def test_invite_again_of_active_user_raises_validation_error(ada, nadia):
    with pytest.raises(ValidationError, match="open"):
        invitations.resend_invitation(user=nadia, by=ada)


def test_deactivate_ends_access_with_the_next_request(client, nadia, ada):
    client.post("/accounts/login/", {"login": nadia.email, "password": PASSWORD})
    assert client.get("/").url == "/triage/"

    invitations.deactivate_user(user=nadia, by=ada)

    assert client.get("/").url.startswith("/accounts/login/")
    assert AuditEvent.objects.filter(target=f"user:{nadia.pk}", details__change="deactivated").exists()


def test_deactivate_own_account_raises_validation_error(ada):
    with pytest.raises(ValidationError, match="your own account"):
        invitations.deactivate_user(user=ada, by=ada)


def test_invite_without_site_url_raises_improperly_configured(settings, invite):
    settings.SITE_URL = ""

    with pytest.raises(ImproperlyConfigured, match="SITE_URL"):
        invite()


def test_invitation_mail_contains_no_patient_data(invite, rosa):
    invite()

    assert rosa.family_name not in mail.outbox[0].body
    assert mail.outbox[0].subject == "Your invitation to Vitals at Home"


def test_invite_command_prints_link_and_creates_administrator(elm, capsys):
    call_command("invite", email="first@example.org", name="Fia Roos", role="administrator", clinic=[elm.name])

    assert "http://testserver/accounts/invitation/" in capsys.readouterr().out
    assert User.objects.get(email="first@example.org").is_staff


def test_createsuperuser_has_no_clinic_and_sees_no_patient(rosa):
    call_command("createsuperuser", email="root@example.org", name="Root", interactive=False)

    root = User.objects.get(email="root@example.org")
    assert root.is_superuser
    assert not type(rosa).objects.visible_to(root).exists()


def test_invite_by_superuser_may_span_two_clinics(elm, harbor):
    root = UserFactory(is_superuser=True, is_staff=True, role="", clinics=[])

    user = invitations.invite_user(
        email="b@example.org", name="B", role=Role.COORDINATOR, clinics=[elm, harbor], by=root
    )

    assert user.clinics.count() == 2
