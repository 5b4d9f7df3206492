import contextlib
import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from patients.accounts import invitations
from patients.care import absences, team
from patients.care.models import Absence, CareTeamMember, EndReason
from patients.enrollment import admission
from patients.models import AuditEvent, Patient, Role
from tests.factories import AbsenceFactory, CareTeamMemberFactory, PatientFactory, UserFactory

pytestmark = pytest.mark.django_db
NOON = dt.datetime(2026, 12, 2, 17, tzinfo=dt.UTC)  # of December 2 in New York


@pytest.fixture
def omar(elm):
    """Another clinician of the clinic."""
    return UserFactory(name="Omar Haddad", role=Role.CLINICIAN, clinics=[elm])


@pytest.fixture
def nadias(rosa, nadia):
    """Rosa's responsible clinician is Nadia."""
    return CareTeamMemberFactory(patient=rosa, user=nadia, is_responsible=True)


def mine(user):
    return list(Patient.objects.visible_to(user).filter(pk__in=team.patients_of(user)))


def unassigned():
    return list(Patient.objects.filter(team.unassigned_condition()))


def edit_team(patient, by, **fields):
    version = Patient.objects.get(pk=patient.pk).edit_version
    return admission.edit_patient(patient=patient, by=by, edit_version=version, **fields)


def test_edit_patient_sets_team_and_writes_one_audit_event(rosa, cora, nadia, omar):
    edit_team(rosa, cora, responsible=nadia, care_team=[omar, cora, nadia])

    found = team.team_of(rosa)
    assert (found.responsible, set(found.others)) == (nadia, {omar, cora})
    event = AuditEvent.objects.get(action="edit")
    assert event.details == {"fields": ["responsible", "care_team"], "edit_version": 2}


def test_edit_patient_with_same_team_writes_nothing(rosa, cora, nadia, nadias):
    edit_team(rosa, cora, responsible=nadia, care_team=[])

    assert Patient.objects.get(pk=rosa.pk).edit_version == 1
    assert CareTeamMember.objects.get() == nadias


def test_edit_patient_ends_membership_of_replaced_clinician(rosa, cora, nadia, omar, nadias):
    edit_team(rosa, cora, responsible=omar)

    nadias.refresh_from_db()
    assert (nadias.ended_by, nadias.end_reason) == (cora, EndReason.REMOVED)
    assert team.team_of(rosa).responsible == omar


@pytest.mark.parametrize("field", ["responsible", "care_team"])
def test_edit_patient_refuses_member_of_another_clinic_at_its_field(rosa, cora, olaf, field):
    with pytest.raises(ValidationError) as refused:
        edit_team(rosa, cora, **{field: olaf if field == "responsible" else [olaf]})

    assert refused.value.message_dict.keys() == {field}
    assert not CareTeamMember.objects.exists()


def test_edit_patient_refuses_coordinator_as_responsible_clinician(rosa, cora):
    with pytest.raises(ValidationError) as refused:
        edit_team(rosa, cora, responsible=cora)

    assert refused.value.message_dict == {"responsible": ["Cora Lindqvist is not a clinician of Elm Street Clinic."]}


def test_enroll_patient_saves_the_team(cora, elm, nadia):
    fields = {"family_name": "Delgado", "birth_date": dt.date(1950, 1, 1), "responsible": nadia, "care_team": [cora]}

    patient = admission.enroll_patient(by=cora, clinic=elm, **fields)

    found = team.team_of(patient)
    assert (found.responsible, found.others) == (nadia, [cora])


def test_patients_of_user_are_those_of_any_place_in_the_team(rosa, elm, nadia, cora, omar, nadias):
    PatientFactory(clinic=elm)
    CareTeamMemberFactory(patient=rosa, user=cora)

    assert [mine(user) for user in (nadia, cora, omar)] == [[rosa], [rosa], []]


@pytest.mark.parametrize(
    ("now", "covered"),
    [
        (dt.datetime(2026, 12, 1, 4, 59, tzinfo=dt.UTC), False),  # still November 30 in New York
        (dt.datetime(2026, 12, 1, 5, tzinfo=dt.UTC), True),
        (dt.datetime(2026, 12, 6, 4, 59, tzinfo=dt.UTC), True),  # still December 5
        (dt.datetime(2026, 12, 6, 5, tzinfo=dt.UTC), False),
    ],
)
def test_patients_of_cover_are_those_of_the_absent_on_days_of_the_clinic(
    time_machine, rosa, elm, nadia, omar, nadias, now, covered
):
    AbsenceFactory(clinic=elm, user=nadia, cover=omar)
    time_machine.move_to(now)

    assert (mine(omar) == [rosa]) is covered
    assert mine(nadia) == [rosa]
    assert (team.team_of(rosa).cover == omar) is covered


def test_unassigned_are_patients_without_responsible_or_whose_one_is_away_without_cover(
    time_machine, rosa, elm, nadia, omar, nadias
):
    time_machine.move_to(NOON)
    other = PatientFactory(clinic=elm)
    CareTeamMemberFactory(patient=other, user=nadia)  # not responsible
    assert unassigned() == [other]

    absence = AbsenceFactory(clinic=elm, user=nadia, cover=None)
    assert set(unassigned()) == {other, rosa}
    assert team.team_of(rosa).is_unassigned

    Absence.objects.filter(pk=absence.pk).update(cover=omar)
    assert unassigned() == [other]


@pytest.mark.parametrize("change", [{"is_active": False}, {"role": Role.ADMINISTRATOR}, {"role": Role.COORDINATOR}])
def test_membership_of_user_who_cannot_care_any_more_counts_no_more(rosa, nadia, nadias, change):
    type(nadia).objects.filter(pk=nadia.pk).update(**change)

    assert team.team_of(rosa).responsible is None
    assert unassigned() == [rosa]


def test_deactivate_user_ends_memberships_and_covers(time_machine, rosa, elm, nadia, omar, ada, nadias):
    time_machine.move_to(NOON)
    type(nadias).objects.filter(pk=nadias.pk).update(started_at=NOON - dt.timedelta(days=1))  # whatever day it is
    absence = AbsenceFactory(clinic=elm, user=omar, cover=nadia)

    invitations.deactivate_user(user=nadia, by=ada)

    nadias.refresh_from_db()
    absence.refresh_from_db()
    assert (nadias.end_reason, nadias.ended_by, absence.cover) == (EndReason.LEFT, ada, None)
    assert AuditEvent.objects.get(action="care_team").patient_ids == [rosa.pk]


@pytest.mark.parametrize("change", ["role", "clinics"])
def test_user_admin_ends_memberships_of_lost_role_or_clinic(client_of, ada, nadia, elm, harbor, nadias, change):
    ada.clinics.add(harbor)
    address = reverse("admin:patients_user_change", args=[nadia.pk])
    form = client_of(ada).get(address).context
    data = {"name": nadia.name, "role": "clinician", "clinics": [elm.pk], "edit_version": form["edit_version"]}
    data |= {"role": "coordinator"} if change == "role" else {"clinics": [harbor.pk]}

    assert client_of(ada).post(address, data).status_code == 302

    nadias.refresh_from_db()
    assert nadias.end_reason == EndReason.LEFT


def test_reassign_patients_moves_both_places_of_the_leaving_member(rosa, elm, harbor, nadia, omar, cora, nadias):
    other, covered = PatientFactory(clinic=elm), PatientFactory(clinic=elm)
    CareTeamMemberFactory(patient=other, user=nadia)
    CareTeamMemberFactory(patient=other, user=omar, is_responsible=True)  # stays responsible
    CareTeamMemberFactory(patient=covered, user=nadia)
    CareTeamMemberFactory(patient=rosa, user=omar)

    assert team.reassign_patients(leaving=nadia, user=omar, by=cora, clinic=elm) == 2

    assert team.team_of(rosa) == team.CareTeam(omar, [])
    assert team.team_of(other) == team.CareTeam(omar, [])
    assert team.team_of(covered) == team.CareTeam(None, [omar])
    nadias.refresh_from_db()
    assert nadias.end_reason == EndReason.REASSIGNED


def test_reassign_patients_refuses_person_of_another_clinic(elm, nadia, olaf, cora, nadias):
    with pytest.raises(ValidationError):
        team.reassign_patients(leaving=nadia, user=olaf, by=cora, clinic=elm)


def test_assign_responsible_ignores_patients_of_other_clinics(rosa, harbor, elm, nadia, cora):
    elsewhere = PatientFactory(clinic=harbor)

    assert team.assign_responsible(patients=[rosa.pk, elsewhere.pk], user=nadia, by=cora, clinic=elm) == 1

    assert team.team_of(rosa).responsible == nadia
    assert not elsewhere.care_team_members.exists()


def plan(elm, by, user, first, last, cover=None):
    days = (dt.date(2026, 12, first), dt.date(2026, 12, last))
    return absences.plan_absence(clinic=elm, user=user, first_day=days[0], last_day=days[1], cover=cover, by=by)


def test_plan_absence_refuses_impossible_days_and_people(time_machine, elm, cora, nadia, omar, olaf):
    time_machine.move_to(NOON)
    plan(elm, cora, nadia, 5, 9, cover=omar)

    for field, arguments in [
        ("last_day", (omar, 12, 11)),
        ("last_day", (omar, 1, 1)),
        ("first_day", (nadia, 9, 12)),
        ("cover", (omar, 20, 21, omar)),
        ("cover", (omar, 20, 21, olaf)),
        ("cover", (nadia, 20, 21, cora)),  # a coordinator can't be responsible
        ("user", (olaf, 20, 21)),
        ("user", (omar, 9, 10)),  # covers for Nadia on the 9th
    ]:
        with pytest.raises(ValidationError) as refused:
            plan(elm, cora, *arguments)
        assert refused.value.message_dict.keys() == {field}, arguments
    assert Absence.objects.count() == 1


def test_withdraw_absence_ends_cover_and_is_idempotent(time_machine, rosa, elm, cora, nadia, omar, nadias):
    time_machine.move_to(NOON)
    absence = plan(elm, cora, nadia, 1, 9, cover=omar)
    assert mine(omar) == [rosa]

    absences.withdraw_absence(absence=absence, by=cora)
    absences.withdraw_absence(absence=absence, by=cora)

    assert mine(omar) == []
    assert AuditEvent.objects.filter(action="absence").count() == 2
    plan(elm, cora, nadia, 1, 9)


def test_patient_list_filters_by_mine_and_unassigned(as_nadia, rosa, elm, nadia, nadias):
    other = PatientFactory(clinic=elm, family_name="Otherwise")

    def shown(care):
        as_nadia.post(reverse("patients:list_preferences"), {"care": care})
        page = as_nadia.get("/patients/").content.decode()
        return rosa.family_name in page, other.family_name in page

    assert [shown(care) for care in ("mine", "unassigned", "", "nonsense")] == [
        (True, False),
        (False, True),
        (True, True),
        (True, True),
    ]


def test_patient_form_saves_team_and_refuses_people_of_other_clinics(as_cora, rosa, nadia, cora, olaf):
    address = reverse("enrollment:edit", args=[rosa.pk])
    page = as_cora.get(address)
    assert "Olaf Brandt" not in page.content.decode()
    form = page.context["form"]
    data = {name: form[name].value() for name in form.fields if form[name].value() not in (None, False)}
    data["phone"] = "(603) 555-0142"

    as_cora.post(address, data | {"responsible": nadia.pk, "care_team": [cora.pk]})
    assert team.team_of(rosa) == team.CareTeam(nadia, [cora])

    answer = as_cora.post(address, data | {"edit_version": 2, "responsible": olaf.pk, "care_team": [cora.pk]})
    assert "responsible" in answer.context["form"].errors


def test_patient_page_shows_responsible_clinician_and_cover(time_machine, client_of, rosa, elm, nadia, omar, nadias):
    time_machine.move_to(NOON)
    AbsenceFactory(clinic=elm, user=nadia, cover=omar)

    page = " ".join(client_of(nadia).get(f"/patients/{rosa.pk}/").content.decode().split())

    assert "Responsible: Nadia Haddad, away until Dec 5, covered by Omar Haddad" in page


def test_admin_actions_give_patients_to_a_person(client_of, ada, rosa, elm, nadia, omar):
    patients, members = (reverse(f"admin:{name}_changelist") for name in ("patients_patient", "care_careteammember"))
    as_ada = client_of(ada)

    as_ada.post(patients, {"action": "make_responsible", "_selected_action": rosa.pk, "person": nadia.pk})
    assert team.team_of(rosa).responsible == nadia

    member = CareTeamMember.objects.get()
    as_ada.post(members, {"action": "reassign", "_selected_action": member.pk, "person": omar.pk})
    assert team.team_of(rosa).responsible == omar

    as_ada.post(members, {"action": "reassign", "_selected_action": member.pk, "person": ""})
    assert CareTeamMember.objects.open().get().user == omar


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    plans=st.lists(
        st.tuples(st.integers(0, 3), st.integers(0, 8), st.integers(0, 4), st.none() | st.integers(0, 3)), max_size=12
    )
)
def test_absences_never_let_a_person_cover_while_away(elm_people, plans):
    clinic, people = elm_people
    planned = []
    with transaction.atomic():
        for who, first, length, cover in plans:
            days = dt.date(2027, 3, 1 + first), dt.date(2027, 3, 1 + first + length)
            with contextlib.suppress(ValidationError):
                planned.append(
                    absences.plan_absence(
                        clinic=clinic,
                        user=people[who],
                        first_day=days[0],
                        last_day=days[1],
                        cover=None if cover is None else people[cover],
                        by=people[0],
                    )
                )
        transaction.set_rollback(True)
    for day in (dt.date(2027, 3, 1) + dt.timedelta(days=n) for n in range(14)):
        today = [absence for absence in planned if absence.first_day <= day <= absence.last_day]
        away = [absence.user_id for absence in today]
        assert len(away) == len(set(away))
        assert not set(away) & {absence.cover_id for absence in today}


@pytest.fixture
def elm_people(elm):
    return elm, [UserFactory(name=f"Person {n}", clinics=[elm]) for n in range(4)]
