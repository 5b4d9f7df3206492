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
def link_of(django_capture_on_commit_callbacks):
    """Does something that mails an invitation, and returns the path of the link in that mail."""

    def link(verb, **arguments):
        with django_capture_on_commit_callbacks(execute=True):
            verb(**arguments)
        return re.search(r"http://testserver(\S+)", mail.outbox[-1].body)[1]

    return link


@pytest.fixture
def invite(link_of, ada, elm):
    def invite(**changes):
        fields = {"email": "new@example.org", "name": "Nils Berg", "role": Role.CLINICIAN, "clinics": [elm], "by": ada}
        return link_of(invitations.invite, **(fields | changes))

    return invite


def accept(client, link, password=NEW):
    return client.post(link, {"new_password1": password, "new_password2": password})


def test_an_invited_person_chooses_a_password_and_is_in(client, invite, elm):
    link = invite()

    page, answer = client.get(link), accept(client, link)

    assert "Welcome, Nils Berg" in page.content.decode()
    assert answer.url == "/patients/"
    user = User.objects.get(email="new@example.org")
    assert user.is_active
    assert not user.is_staff
    assert list(user.clinics.all()) == [elm]
    assert set(AuditEvent.objects.values_list("action", flat=True)) == {"invite", "account", "sign_in"}


def test_until_then_nobody_can_sign_in_or_reset_a_password(client, invite):
    invite()

    client.post("/accounts/password/reset/", {"email": "new@example.org"})

    assert len(mail.outbox) == 1
    assert client.post("/accounts/login/", {"login": "new@example.org", "password": PASSWORD}).status_code == 200


def test_the_link_works_once(client, invite):
    link = invite()
    accept(client, link)
    client.logout()

    again = accept(client, link, "another long password")

    assert again.status_code == 410
    assert User.objects.get(email="new@example.org").check_password(NEW)


def test_looking_at_the_link_uses_nothing_up(client, invite):
    link = invite()

    for _ in range(3):
        client.get(link)

    assert accept(client, link).status_code == 302


def test_the_link_is_over_after_seven_days(client, invite):
    with time_machine.travel("2026-11-01T09:00:00Z", tick=False):
        link = invite()
    with time_machine.travel("2026-11-08T08:59:00Z", tick=False):
        assert client.get(link).status_code == 200
    with time_machine.travel("2026-11-08T09:01:00Z", tick=False):
        assert client.get(link).status_code == 410


def test_inviting_again_kills_the_earlier_link(client, invite, link_of, ada):
    first = invite()

    second = link_of(invitations.invite_again, user=User.objects.get(email="new@example.org"), by=ada)

    assert client.get(first).status_code == 410
    assert accept(client, second).status_code == 302


def test_a_withdrawn_invitation_opens_nothing(client, invite, ada):
    link = invite()

    invitations.deactivate(user=User.objects.get(email="new@example.org"), by=ada)

    assert accept(client, link).status_code == 410


@pytest.mark.parametrize("token", ["x", "eyJhIjoxfQ:1abc:zzzz", "%00", "a" * 5000])
def test_a_forged_link_is_politely_over(client, db, token):
    assert client.get(f"/accounts/invitation/{token}/").status_code == 410


def test_a_weak_password_is_refused_beside_its_field(client, invite):
    answer = accept(client, invite(), "password")

    assert answer.status_code == 200
    wrong = answer.context["form"].errors
    assert any("too short" in said for said in wrong["new_password1"])
    assert list(wrong) == ["new_password1"], "not beside its repetition"


def test_only_an_administrator_may_open_the_admin(client, invite):
    accept(client, invite(role=Role.ADMINISTRATOR))

    assert User.objects.get(email="new@example.org").is_staff


def test_an_administrator_invites_to_own_clinics_only(ada, harbor):
    with pytest.raises(ValidationError, match="your own clinics"):
        invitations.invite(email="a@example.org", name="A", role=Role.CLINICIAN, clinics=[harbor], by=ada)


def test_one_person_has_one_account(ada, elm, nadia):
    with pytest.raises(ValidationError, match=r"E-mail in use|already exists"):
        invitations.invite(email="NADIA@example.org", name="A", role=Role.CLINICIAN, clinics=[elm], by=ada)


def test_an_open_account_is_not_invited_again(ada, nadia):
    with pytest.raises(ValidationError, match="open"):
        invitations.invite_again(user=nadia, by=ada)


def test_deactivation_takes_effect_with_the_next_request(client, nadia, ada):
    client.post("/accounts/login/", {"login": nadia.email, "password": PASSWORD})
    assert client.get("/").url == "/patients/"

    invitations.deactivate(user=nadia, by=ada)

    assert client.get("/").url.startswith("/accounts/login/")
    assert AuditEvent.objects.filter(target=f"user:{nadia.pk}", details__change="deactivated").exists()


def test_nobody_shuts_out_themselves(ada):
    with pytest.raises(ValidationError, match="your own account"):
        invitations.deactivate(user=ada, by=ada)


def test_without_our_own_address_no_link_is_mailed(settings, invite):
    settings.SITE_URL = ""

    with pytest.raises(ImproperlyConfigured, match="SITE_URL"):
        invite()


def test_the_mail_carries_nothing_but_the_invitation(invite, rosa):
    invite()

    assert rosa.family_name not in mail.outbox[0].body
    assert mail.outbox[0].subject == "Your invitation to Vitals at Home"


def test_the_first_people_are_invited_from_the_shell(elm, capsys):
    call_command("invite", email="first@example.org", name="Fia Roos", role="administrator", clinic=[elm.name])

    assert "http://testserver/accounts/invitation/" in capsys.readouterr().out
    assert User.objects.get(email="first@example.org").is_staff


def test_a_superuser_belongs_to_no_clinic_and_sees_no_patient(rosa):
    call_command("createsuperuser", email="root@example.org", name="Root", interactive=False)

    root = User.objects.get(email="root@example.org")
    assert root.is_superuser
    assert not type(rosa).objects.visible_to(root).exists()


def test_somebody_in_two_clinics_may_be_invited_by_whoever_sets_up(elm, harbor):
    root = UserFactory(is_superuser=True, is_staff=True, role="", clinics=[])

    user = invitations.invite(email="b@example.org", name="B", role=Role.COORDINATOR, clinics=[elm, harbor], by=root)

    assert user.clinics.count() == 2
