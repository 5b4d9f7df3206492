"""Who viewed this patient, what did this person view: posted, paged by key, exported, and itself written down."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from patients.admin import audit_search
from patients.audit import audit_log, queries
from patients.audit.queries import Place, Question
from patients.models import AuditEvent
from patients.models.audit import AuditAction
from tests.factories import PatientFactory, UserFactory

pytestmark = pytest.mark.django_db
SEARCH = reverse("admin:patients_auditevent_search")


@pytest.fixture
def admin_client(client, ada):
    client.force_login(ada)
    return client


def looked(by, *patients, action=AuditAction.VIEW, **details):
    return audit_log.record(action, by=by, patients=[patient.pk for patient in patients], **details)


def seen(page):
    return [event for event, _ in page.context["rows"]]


def test_who_viewed_this_patient_by_name_mrn_or_id(admin_client, nadia, cora, rosa):
    other = PatientFactory(clinic=rosa.clinic, family_name="Okoro")
    views = [looked(nadia, rosa), looked(cora, other, rosa, action=AuditAction.LIST)]
    looked(nadia, other)

    for text in (rosa.family_name, rosa.mrn, str(rosa.pk)):
        page = admin_client.post(SEARCH, {"text": text})
        mine = [event for event in seen(page) if event.route != "admin:patients_auditevent_search"]
        assert mine == views[::-1]
    assert nadia.email in page.content.decode()


def test_what_did_this_person_view(admin_client, nadia, cora, rosa):
    view = looked(nadia, rosa)
    looked(cora, rosa)

    page = admin_client.post(SEARCH, {"actor": nadia.pk})

    assert seen(page) == [view]
    assert rosa.name in page.content.decode()


def test_narrowed_by_what_was_done_and_by_days_of_the_clinic(admin_client, nadia, rosa):
    export = looked(nadia, rosa, action=AuditAction.EXPORT)
    looked(nadia, rosa)
    today = timezone.localdate(timezone=rosa.clinic.zone)

    found = admin_client.post(SEARCH, {"actor": nadia.pk, "action": "export", "since": today, "until": today})
    nothing = admin_client.post(SEARCH, {"actor": nadia.pk, "until": today - dt.timedelta(days=1)})

    assert seen(found) == [export]
    assert "Nothing is written down that fits." in nothing.content.decode()


def test_several_of_a_name_are_offered_and_one_is_chosen(admin_client, nadia, elm):
    twins = [PatientFactory(clinic=elm, family_name="Okoro", given_name=name) for name in ("Ama", "Efua")]
    view = looked(nadia, twins[1])

    offered = admin_client.post(SEARCH, {"text": "Okoro", "action": "view"})
    chosen = admin_client.post(SEARCH, {"patient": twins[1].pk, "action": "view"})

    assert [patient.pk for patient in offered.context["found"]] == [each.pk for each in twins]
    assert 'name="action" value="view"' in offered.content.decode()
    assert seen(chosen) == [view]


def test_the_search_itself_is_written_down_with_opaque_ids_only(admin_client, ada, rosa, nadia):
    admin_client.post(SEARCH, {"text": rosa.family_name, "actor": nadia.pk})

    row = AuditEvent.objects.filter(actor_id=ada.pk, target="audit").get()
    assert row.patient_ids == [rosa.pk]
    assert row.details == {"patient": str(rosa.pk), "actor": nadia.pk}


def test_nothing_that_is_searched_for_stands_in_an_address(admin_client, rosa):
    answer = admin_client.get(SEARCH, {"text": rosa.family_name, "patient": str(rosa.pk)})

    assert rosa.family_name not in answer.content.decode()
    assert "rows" not in answer.context


@pytest.mark.parametrize("text", ["Quillfeather", "MRN-ELSEWHERE"])
def test_a_patient_of_another_clinic_is_nobody(admin_client, harbor, olaf, text):
    stranger = PatientFactory(clinic=harbor, family_name="Quillfeather", mrn="MRN-ELSEWHERE")
    looked(olaf, stranger)

    page = admin_client.post(SEARCH, {"text": text}).content.decode()
    by_id = admin_client.post(SEARCH, {"patient": stranger.pk}).content.decode()

    assert "Nobody of your clinics was found." in page
    assert "Nobody of your clinics was found." in by_id


def test_a_person_of_another_clinic_is_no_choice(admin_client, olaf, rosa):
    assert "actor" in admin_client.post(SEARCH, {"actor": olaf.pk}).context["form"].errors


def test_whom_a_person_of_two_clinics_saw_elsewhere_is_counted_and_not_named(admin_client, elm, harbor):
    both = UserFactory(clinics=[elm, harbor])
    looked(both, PatientFactory(clinic=harbor, family_name="Quillfeather"))

    text = admin_client.post(SEARCH, {"actor": both.pk}).content.decode()

    assert "Quillfeather" not in text
    assert "1 not named" in text


@pytest.mark.parametrize("said", [{}, {"text": "  "}, {"action": "view"}, {"since": "2026-02-30", "text": "x"}])
def test_a_question_about_nobody_is_told_in_words(admin_client, said):
    page = admin_client.post(SEARCH, said)

    assert page.status_code == 200
    assert page.context["form"].errors


def test_pages_follow_each_other_by_key_though_new_rows_come_on_top(admin_client, nadia, rosa, monkeypatch):
    monkeypatch.setattr(audit_search, "PAGE_SIZE", 3)
    views = [looked(nadia, rosa) for _ in range(7)][::-1]
    asked = {"actor": nadia.pk}

    first = admin_client.post(SEARCH, asked)
    looked(nadia, rosa)
    second = admin_client.post(SEARCH, {**asked, "behind": str(first.context["page"].next)})
    third = admin_client.post(SEARCH, {**asked, "behind": str(second.context["page"].next)})

    assert [seen(first), seen(second), seen(third)] == [views[:3], views[3:6], views[6:]]
    assert third.context["page"].next is None


@pytest.mark.parametrize(
    "text", ["", "x", "2026-11-22T10:00:00+00:00|²", "2026-11-22T10:00:00|5", "9999|99999999999999999999"]
)
def test_a_mistyped_place_is_the_beginning(text):
    assert Place.read(text) is None


def test_the_export_is_safe_in_a_spreadsheet_names_nobody_and_is_written_down(admin_client, ada, nadia, rosa):
    looked(nadia, rosa, target='=HYPERLINK("x")')

    answer = admin_client.post(SEARCH, {"actor": nadia.pk, "export": "1"})

    text = answer.content.decode()
    assert answer["Content-Disposition"] == 'attachment; filename="audit.csv"'
    assert "'=HYPERLINK" in text
    assert str(rosa.pk) in text
    assert rosa.family_name not in text
    row = AuditEvent.objects.get(actor_id=ada.pk, action="export")
    assert (row.target, row.details) == ("audit", {"rows": 1, "actor": nadia.pk})


def test_an_export_that_would_be_endless_says_where_it_was_cut(admin_client, nadia, rosa, monkeypatch):
    monkeypatch.setattr(audit_search, "MOST_EXPORTED", 2)
    for _ in range(3):
        looked(nadia, rosa)

    lines = admin_client.post(SEARCH, {"actor": nadia.pk, "export": "1"}).content.decode().splitlines()

    assert len(lines) == 1 + 2 + 1
    assert lines[-1].startswith('"Cut after') or lines[-1].startswith("Cut after")


def test_nobody_but_administrators_asks(client, nadia, cora, rosa):
    for user in (nadia, cora):
        client.force_login(user)
        assert client.post(SEARCH, {"text": rosa.family_name}).status_code == 403


def test_as_many_queries_for_a_full_page_as_for_one_row(admin_client, nadia, rosa, elm):
    looked(nadia, rosa)
    admin_client.post(SEARCH, {"actor": nadia.pk})
    with CaptureQueriesContext(connection) as few:
        admin_client.post(SEARCH, {"actor": nadia.pk})
    for _ in range(60):
        looked(nadia, *(PatientFactory(clinic=elm) for _ in range(2)))

    with CaptureQueriesContext(connection) as many:
        admin_client.post(SEARCH, {"actor": nadia.pk})

    assert len(many) == len(few)


def test_a_page_is_found_by_index_among_many_rows(nadia, rosa):
    """With thousands of rows of others, the planner reads neither all of them nor sorts them."""
    others = [AuditEvent(action="view", actor_id=10**6 + n % 50, patient_ids=[], actor_email="x") for n in range(5000)]
    AuditEvent.objects.bulk_create(others)
    looked(nadia, rosa)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE patients_auditevent")

    by_person = Question(actor=nadia).rows[:101].explain()
    by_patient = Question(patient=rosa).rows[:101].explain()

    assert "audit_by_actor" in by_person
    assert "audit_by_patient" in by_patient
    assert "Seq Scan" not in by_person + by_patient


def test_without_anybody_the_question_has_no_rows(nadia, rosa):
    looked(nadia, rosa)

    assert queries.page_of(Question(), by=nadia, behind=None, size=10).rows == []
