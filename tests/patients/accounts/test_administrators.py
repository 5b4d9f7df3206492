import threading

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.urls import reverse

from patients.accounts import invitations
from patients.accounts.administrators import require_remaining_administrator
from patients.models import Role, User
from tests.factories import ClinicFactory, UserFactory
from tests.patients.admin.admin_form import admin_form_data

CODE = "last_administrator"


@pytest.fixture
def superuser(db):
    return UserFactory(is_superuser=True, is_staff=True, role=Role.NONE, clinics=[])


def administrator(*clinics, **fields):
    return UserFactory(role=Role.ADMINISTRATOR, clinics=clinics, **fields)


def change_user(client, user, **changes):
    address = reverse("admin:patients_user_change", args=[user.pk])
    return client.post(address, admin_form_data(client, address) | changes)


def error_codes(answer, field):
    return [error.code for error in answer.context["adminform"].form.errors.as_data().get(field, [])]


@pytest.mark.parametrize("role", [Role.CLINICIAN, Role.COORDINATOR])
def test_user_admin_refuses_another_role_for_the_last_administrator(client_of, ada, nadia, role):
    answer = change_user(client_of(ada), ada, role=role)

    ada.refresh_from_db()
    assert error_codes(answer, "role") == [CODE]
    assert (ada.role, ada.is_staff) == (Role.ADMINISTRATOR, True)


def test_user_admin_refuses_to_take_the_clinic_from_its_last_administrator(client_of, elm, harbor):
    both = administrator(elm, harbor)
    administrator(elm)

    answer = change_user(client_of(both), both, clinics=[elm.pk])

    assert error_codes(answer, "clinics") == [CODE]
    assert set(both.clinics.all()) == {elm, harbor}


def test_user_admin_lets_an_administrator_go_once_there_is_another(client_of, ada, elm):
    administrator(elm)

    answer = change_user(client_of(ada), ada, role=Role.CLINICIAN)

    ada.refresh_from_db()
    assert answer.status_code == 302
    assert ada.role == Role.CLINICIAN


@pytest.mark.parametrize("action", ["role", "clinics", "account"])
def test_last_administrator_is_not_lost_to_a_superuser_either(client_of, superuser, ada, harbor, action):
    client = client_of(superuser)
    if action == "account":
        chosen = {"action": "deactivate", "confirmed": "1", "_selected_action": [ada.pk]}
        client.post(reverse("admin:patients_user_changelist"), chosen)
    else:
        change_user(client, ada, **{"role": {"role": Role.CLINICIAN}, "clinics": {"clinics": [harbor.pk]}}[action])

    ada.refresh_from_db()
    assert (ada.role, ada.is_active, ada.clinics.get().name) == (Role.ADMINISTRATOR, True, "Elm Street Clinic")


def test_deactivating_all_administrators_leaves_the_last(client_of, superuser, ada, elm):
    other = administrator(elm)
    chosen = {"action": "deactivate", "confirmed": "1", "_selected_action": [ada.pk, other.pk]}

    client_of(superuser).post(reverse("admin:patients_user_changelist"), chosen)

    assert User.objects.filter(clinics=elm, role=Role.ADMINISTRATOR, is_active=True).count() == 1


@pytest.mark.parametrize("fields", [{"is_active": False}, {"role": Role.COORDINATOR}, {"clinics": "elsewhere"}])
def test_invited_colleagues_and_administrators_elsewhere_do_not_count(ada, elm, superuser, fields):
    clinics = [ClinicFactory()] if fields.pop("clinics", "") else [elm]
    UserFactory(**{"role": Role.ADMINISTRATOR, "clinics": clinics} | fields)

    with pytest.raises(ValidationError) as refused:
        invitations.deactivate_user(user=ada, by=superuser)

    assert refused.value.code == CODE


def test_people_who_are_no_active_administrators_may_change(elm, nadia, superuser):
    invited = administrator(elm, is_active=False)

    require_remaining_administrator(invited, role=Role.CLINICIAN, clinics=[])
    invitations.deactivate_user(user=nadia, by=superuser)

    assert not User.objects.get(pk=nadia.pk).is_active


@pytest.mark.django_db(transaction=True)
def test_two_administrators_who_deactivate_each_other_at_once_leave_one(elm):
    people = [administrator(elm), administrator(elm)]
    begun = threading.Barrier(2)

    def deactivate(user, by):
        try:
            with transaction.atomic():
                User.objects.get(pk=user.pk)
                begun.wait(timeout=10)
                invitations.deactivate_user(user=user, by=by)
        except ValidationError:
            pass
        finally:
            connection.close()

    threads = [threading.Thread(target=deactivate, args=pair) for pair in (people, reversed(people))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert User.objects.filter(clinics=elm, is_active=True).count() == 1
