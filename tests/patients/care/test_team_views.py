import datetime as dt

import pytest
from django.urls import reverse

from patients.care import team
from patients.care.models import Absence, CareTeamMember, EndReason
from patients.models import AuditEvent, Role
from tests.factories import AbsenceFactory, CareTeamMemberFactory, PatientFactory, UserFactory

pytestmark = pytest.mark.django_db
NOON = dt.datetime(2026, 12, 2, 17, tzinfo=dt.UTC)
TEAM, ASSIGN, REASSIGN, ABSENCES = (
    reverse(f"care:{name}", urlconf="config.urls") for name in ("team", "assign", "reassign", "absences")
)


@pytest.fixture(autouse=True)
def noon(time_machine):
    time_machine.move_to(NOON)


@pytest.fixture
def as_cora(client_of, cora):
    return client_of(cora)


@pytest.fixture
def omar(elm):
    return UserFactory(name="Omar Haddad", role=Role.CLINICIAN, clinics=[elm])


def reasons(page):
    return dict(page.context["rows"])


def test_team_page_lists_unassigned_patients_with_the_reason(as_cora, rosa, elm, nadia, omar):
    away, left, lost, cared_for = (PatientFactory(clinic=elm) for _ in range(4))
    CareTeamMemberFactory(patient=away, user=nadia, is_responsible=True)
    AbsenceFactory(clinic=elm, user=nadia, cover=None)
    former = {"ended_at": NOON, "end_reason": EndReason.LEFT, "started_at": NOON}
    CareTeamMemberFactory(patient=left, user=omar, is_responsible=True, **former)
    administrator = UserFactory(
        name="Ines Duarte", role=Role.ADMINISTRATOR, clinics=[elm]
    )  # since a change in the shell
    CareTeamMemberFactory(patient=lost, user=administrator, is_responsible=True)
    CareTeamMemberFactory(patient=cared_for, user=omar, is_responsible=True)

    assert reasons(as_cora.get(TEAM)) == {
        rosa: "None is chosen yet.",
        away: "Nadia Haddad is away today, and no colleague covers.",
        left: "Omar Haddad has left or has another role.",
        lost: "Ines Duarte has left or has another role.",
    }


def test_team_page_counts_patients_of_each_person(as_cora, rosa, elm, nadia):
    CareTeamMemberFactory(patient=rosa, user=nadia, is_responsible=True)
    CareTeamMemberFactory(patient=PatientFactory(clinic=elm), user=nadia)

    counts = {each.name: (each.responsible, each.others) for each in as_cora.get(TEAM).context["workloads"]}

    assert counts == {"Nadia Haddad": (1, 1), "Cora Lindqvist": (0, 0)}


def test_team_page_query_count_is_the_same_for_many_patients(as_cora, rosa, elm, django_assert_num_queries):
    as_cora.get(TEAM)
    with django_assert_num_queries(21) as few:
        as_cora.get(TEAM)
    for _ in range(60):
        PatientFactory(clinic=elm)
    with django_assert_num_queries(len(few)):
        as_cora.get(TEAM)


def test_assign_makes_clinician_responsible_for_ticked_patients_only(as_cora, rosa, elm, harbor, nadia):
    other, elsewhere = PatientFactory(clinic=elm), PatientFactory(clinic=harbor)

    as_cora.post(ASSIGN, {"patients": [rosa.pk, elsewhere.pk, "nonsense"], "user": nadia.pk})

    assert [team.team_of(each).responsible for each in (rosa, other, elsewhere)] == [nadia, None, None]


@pytest.mark.parametrize(("ticked", "field"), [(True, "user"), (False, "__all__")])
def test_assign_without_clinician_or_patients_says_so_and_leaves_ticks(as_cora, rosa, nadia, ticked, field):
    data = {"patients": [rosa.pk]} if ticked else {"user": nadia.pk}

    page = as_cora.post(ASSIGN, data)

    assert page.context["assign_form"].errors.keys() == {field}
    assert ("checked" in page.content.decode()) is ticked


def test_reassign_asks_with_the_count_and_then_moves_all(as_cora, rosa, elm, nadia, omar):
    CareTeamMemberFactory(patient=rosa, user=nadia, is_responsible=True)
    data = {"leaving": nadia.pk, "user": omar.pk}

    asked = as_cora.post(REASSIGN, data)
    assert "Give 1 patient of Nadia Haddad to Omar Haddad?" in asked.content.decode()

    CareTeamMemberFactory(patient=PatientFactory(clinic=elm), user=nadia)
    assert as_cora.post(REASSIGN, data | {"expected": 1}).context["count"] == 2
    assert team.team_of(rosa).responsible == nadia

    assert as_cora.post(REASSIGN, data | {"expected": 2})["Location"] == TEAM
    assert not CareTeamMember.objects.open().filter(user=nadia).exists()
    assert team.team_of(rosa).responsible == omar


def test_reassign_to_coordinator_is_refused_where_responsible_and_moves_nothing(as_cora, rosa, elm, nadia, cora):
    CareTeamMemberFactory(patient=rosa, user=nadia, is_responsible=True)

    page = as_cora.post(REASSIGN, {"leaving": nadia.pk, "user": cora.pk, "expected": 1})

    assert page.context["reassign_form"].errors == {"user": ["Cora Lindqvist is not a clinician of Elm Street Clinic."]}
    assert team.team_of(rosa).responsible == nadia


def test_reassign_to_the_same_person_is_refused(as_cora, nadia):
    page = as_cora.post(REASSIGN, {"leaving": nadia.pk, "user": nadia.pk})

    assert "user" in page.context["reassign_form"].errors


def test_absence_page_plans_and_withdraws(client_of, elm, nadia, omar):
    as_nadia = client_of(nadia)

    as_nadia.post(ABSENCES, {"user": nadia.pk, "first_day": "2026-12-24", "last_day": "12/28/2026", "cover": omar.pk})
    absence = Absence.objects.get()
    assert (absence.clinic, absence.cover, absence.last_day) == (elm, omar, dt.date(2026, 12, 28))
    assert "Dec 24 to Dec 28, 2026" in as_nadia.get(ABSENCES).content.decode()

    as_nadia.post(reverse("care:withdraw_absence", args=[absence.pk]))
    assert "No absences are planned." in as_nadia.get(ABSENCES).content.decode()


def test_absence_page_query_count_is_the_same_for_many_absences(
    client_of, elm, nadia, omar, django_assert_num_queries, django_assert_max_num_queries
):
    as_nadia = client_of(nadia)
    AbsenceFactory(clinic=elm, cover=omar)
    with django_assert_max_num_queries(15) as few:
        as_nadia.get(ABSENCES)
    for _ in range(4):
        AbsenceFactory(clinic=elm, cover=omar)

    with django_assert_num_queries(len(few)):
        as_nadia.get(ABSENCES)


def test_absence_page_shows_error_at_its_field_and_what_was_typed(client_of, nadia):
    data = {"user": nadia.pk, "first_day": "2026-12-24", "last_day": "2026-12-20"}

    page = client_of(nadia).post(ABSENCES, data)

    assert page.context["form"].errors == {"last_day": ["The last day is before the first one."]}
    assert 'value="2026-12-20"' in page.content.decode()


def test_absence_is_edited_on_its_page(client_of, elm, nadia, omar):
    absence = AbsenceFactory(
        clinic=elm, user=nadia, cover=omar, first_day=dt.date(2026, 12, 24), last_day=dt.date(2026, 12, 28)
    )
    as_nadia, address = client_of(nadia), reverse("care:edit_absence", args=[absence.pk])

    page = as_nadia.get(address).content.decode()
    as_nadia.post(address, {"first_day": "12/23/2026", "last_day": "2026-12-29", "cover": ""})

    absence.refresh_from_db()
    assert 'value="2026-12-24"' in page
    assert (absence.user, absence.first_day, absence.last_day) == (nadia, dt.date(2026, 12, 23), dt.date(2026, 12, 29))
    assert absence.cover is None
    assert AuditEvent.objects.get(action="absence").details == {"fields": ["first_day", "last_day", "cover"]}


def test_absence_edited_onto_the_days_of_another_one_is_refused_in_words(client_of, elm, nadia):
    days = ((dt.date(2026, 12, 1), dt.date(2026, 12, 3)), (dt.date(2026, 12, 24), dt.date(2026, 12, 28)))
    _, absence = (AbsenceFactory(clinic=elm, user=nadia, first_day=first, last_day=last) for first, last in days)
    data = {"first_day": "2026-12-03", "last_day": "2026-12-28"}

    page = client_of(nadia).post(reverse("care:edit_absence", args=[absence.pk]), data)

    refused = {"first_day": ["Nadia Haddad is away from Dec 1, 2026 to Dec 3, 2026 already."]}
    assert page.context["form"].errors == refused
    assert 'value="2026-12-03"' in page.content.decode()
    absence.refresh_from_db()
    assert absence.first_day == dt.date(2026, 12, 24)


@pytest.mark.parametrize("page", ["care:withdraw_absence", "care:edit_absence"])
def test_absence_of_another_clinic_is_not_found(client_of, olaf, elm, page):
    absence = AbsenceFactory(clinic=elm)

    assert client_of(olaf).post(reverse(page, args=[absence.pk])).status_code == 404


def test_absence_admin_follows_the_rules_of_the_page(client_of, ada, elm, harbor, nadia, omar, olaf):
    address = reverse("admin:care_absence_add")
    data = {"clinic": elm.pk, "user": nadia.pk, "first_day": "2026-12-24", "last_day": "2026-12-28", "_save": "Save"}

    for wrong in ({"cover": nadia.pk}, {"cover": olaf.pk}, {"clinic": harbor.pk}, {"last_day": "2026-12-20"}):
        assert client_of(ada).post(address, data | wrong).status_code == 200
    assert not Absence.objects.exists()

    assert client_of(ada).post(address, data | {"cover": omar.pk}).status_code == 302
    assert (Absence.objects.get().planned_by, Absence.objects.get().cover) == (ada, omar)
