"""Who viewed this patient, what did this person view: posted, paged by key, exported, and itself written down."""

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from patients.admin import audit_search
from patients.audit import audit_log, queries
from patients.audit.queries import AuditCursor, AuditQuery
from patients.models import AuditEvent
from patients.models.audit import AuditAction
from tests.factories import PatientFactory, UserFactory

pytestmark = pytest.mark.django_db
SEARCH = reverse("admin:patients_auditevent_search")


@pytest.fixture
def admin_client(client, ada):
    client.force_login(ada)
    return client


def record_view(by, *patients, action=AuditAction.VIEW, **details):
    return audit_log.record_event(action, by=by, patients=[patient.pk for patient in patients], **details)


def shown_events(page):
    return [event for event, _ in page.context["rows"]]


def test_audit_search_by_patient_name_mrn_or_id_lists_viewers(admin_client, nadia, cora, rosa):
    other = PatientFactory(clinic=rosa.clinic, family_name="Okoro")
    views = [record_view(nadia, rosa), record_view(cora, other, rosa, action=AuditAction.LIST)]
    record_view(nadia, other)

    for text in (rosa.family_name, rosa.mrn, str(rosa.pk)):
        page = admin_client.post(SEARCH, {"text": text}, follow=True)
        mine = [event for event in shown_events(page) if event.route != "admin:patients_auditevent_search"]
        assert mine == views[::-1]
    assert nadia.email in page.content.decode()


def test_audit_search_answers_with_a_redirect_to_results_that_only_this_session_can_show(
    admin_client, client_of, ada, nadia, rosa
):
    record_view(nadia, rosa)

    answer = admin_client.post(SEARCH, {"text": rosa.family_name})

    assert answer.status_code == 302
    assert rosa.family_name not in answer["Location"]
    assert rosa.family_name in admin_client.get(answer["Location"]).content.decode()
    assert rosa.family_name not in client_of(ada).get(answer["Location"]).content.decode()


def test_audit_search_by_person_lists_patients_they_viewed(admin_client, nadia, cora, rosa):
    view = record_view(nadia, rosa)
    record_view(cora, rosa)

    page = admin_client.post(SEARCH, {"actor": nadia.pk}, follow=True)

    assert shown_events(page) == [view]
    assert rosa.name in page.content.decode()


def test_audit_search_filters_by_action_and_clinic_local_days(admin_client, nadia, rosa):
    export = record_view(nadia, rosa, action=AuditAction.EXPORT)
    record_view(nadia, rosa)
    today = timezone.localdate(timezone=rosa.clinic.zone)

    found = admin_client.post(
        SEARCH, {"actor": nadia.pk, "action": "export", "since": today, "until": today}, follow=True
    )
    nothing = admin_client.post(SEARCH, {"actor": nadia.pk, "until": today - dt.timedelta(days=1)}, follow=True)

    assert shown_events(found) == [export]
    assert "Nothing is written down that fits." in nothing.content.decode()


def test_audit_search_offers_choice_among_patients_of_the_same_name(admin_client, nadia, elm):
    twins = [PatientFactory(clinic=elm, family_name="Okoro", given_name=name) for name in ("Ama", "Efua")]
    view = record_view(nadia, twins[1])

    offered = admin_client.post(SEARCH, {"text": "Okoro", "action": "view"}, follow=True)
    chosen = admin_client.post(SEARCH, {"patient": twins[1].pk, "action": "view"}, follow=True)

    assert [patient.pk for patient in offered.context["found"]] == [each.pk for each in twins]
    assert 'name="action" value="view"' in offered.content.decode()
    assert shown_events(chosen) == [view]


def test_audit_search_writes_audit_of_itself_with_opaque_ids_only(admin_client, ada, rosa, nadia):
    admin_client.post(SEARCH, {"text": rosa.family_name, "actor": nadia.pk}, follow=True)

    row = AuditEvent.objects.filter(actor_id=ada.pk, target="audit").get()
    assert row.patient_ids == [rosa.pk]
    assert row.details == {"patient": str(rosa.pk), "actor": nadia.pk}


def test_audit_search_ignores_query_string_parameters(admin_client, rosa):
    answer = admin_client.get(SEARCH, {"text": rosa.family_name, "patient": str(rosa.pk)})

    assert rosa.family_name not in answer.content.decode()
    assert "rows" not in answer.context


@pytest.mark.parametrize("text", ["Quillfeather", "MRN-ELSEWHERE"])
def test_audit_search_does_not_find_patient_of_another_clinic(admin_client, harbor, olaf, text):
    foreign = PatientFactory(clinic=harbor, family_name="Quillfeather", mrn="MRN-ELSEWHERE")
    record_view(olaf, foreign)

    page = admin_client.post(SEARCH, {"text": text}, follow=True).content.decode()
    by_id = admin_client.post(SEARCH, {"patient": foreign.pk}, follow=True).content.decode()

    assert "No patient of your clinics was found." in page
    assert "No patient of your clinics was found." in by_id


def test_audit_search_rejects_person_of_another_clinic(admin_client, olaf, rosa):
    assert "actor" in admin_client.post(SEARCH, {"actor": olaf.pk}, follow=True).context["form"].errors


def test_audit_search_counts_but_does_not_name_patients_of_other_clinics(admin_client, elm, harbor):
    both = UserFactory(clinics=[elm, harbor])
    record_view(both, PatientFactory(clinic=harbor, family_name="Quillfeather"))

    text = admin_client.post(SEARCH, {"actor": both.pk}, follow=True).content.decode()

    assert "Quillfeather" not in text
    assert "1 not named" in text


@pytest.mark.parametrize("said", [{}, {"text": "  "}, {"action": "view"}, {"since": "2026-02-30", "text": "x"}])
def test_audit_search_without_patient_or_person_shows_form_errors(admin_client, said):
    page = admin_client.post(SEARCH, said, follow=True)

    assert page.status_code == 200
    assert page.context["form"].errors


def test_audit_search_keyset_pages_stay_stable_when_new_rows_arrive(admin_client, nadia, rosa, monkeypatch):
    monkeypatch.setattr(audit_search, "PAGE_SIZE", 3)
    views = [record_view(nadia, rosa) for _ in range(7)][::-1]
    asked = {"actor": nadia.pk}

    first = admin_client.post(SEARCH, asked, follow=True)
    record_view(nadia, rosa)
    second = admin_client.post(SEARCH, {**asked, "behind": str(first.context["page"].next)}, follow=True)
    third = admin_client.post(SEARCH, {**asked, "behind": str(second.context["page"].next)}, follow=True)

    assert [shown_events(first), shown_events(second), shown_events(third)] == [views[:3], views[3:6], views[6:]]
    assert third.context["page"].next is None


@pytest.mark.parametrize(
    "text", ["", "x", "2026-11-22T10:00:00+00:00|²", "2026-11-22T10:00:00|5", "9999|99999999999999999999"]
)
def test_audit_search_page_key_parses_invalid_text_as_none(text):
    assert AuditCursor.parse_cursor(text) is None


def test_audit_search_export_escapes_formulas_omits_names_and_is_audited(admin_client, ada, nadia, rosa):
    record_view(nadia, rosa, target='=HYPERLINK("x")')

    answer = admin_client.post(SEARCH, {"actor": nadia.pk, "export": "1"})

    text = answer.content.decode()
    assert answer["Content-Disposition"] == 'attachment; filename="audit.csv"'
    assert "'=HYPERLINK" in text
    assert str(rosa.pk) in text
    assert rosa.family_name not in text
    row = AuditEvent.objects.get(actor_id=ada.pk, action="export")
    assert (row.target, row.details) == ("audit", {"rows": 1, "actor": nadia.pk})


def test_audit_search_export_states_where_it_was_truncated(admin_client, nadia, rosa, monkeypatch):
    monkeypatch.setattr(audit_search, "MAX_EXPORTED_ROWS", 2)
    for _ in range(3):
        record_view(nadia, rosa)

    lines = admin_client.post(SEARCH, {"actor": nadia.pk, "export": "1"}).content.decode().splitlines()

    assert len(lines) == 1 + 2 + 1
    assert lines[-1].startswith('"Cut after') or lines[-1].startswith("Cut after")


def test_audit_search_is_forbidden_for_clinician_and_coordinator(client, nadia, cora, rosa):
    for user in (nadia, cora):
        client.force_login(user)
        assert client.post(SEARCH, {"text": rosa.family_name}).status_code == 403


def test_audit_search_query_count_is_the_same_for_one_row_and_full_page(admin_client, nadia, rosa, elm):
    record_view(nadia, rosa)
    admin_client.post(SEARCH, {"actor": nadia.pk}, follow=True)
    with CaptureQueriesContext(connection) as few:
        admin_client.post(SEARCH, {"actor": nadia.pk}, follow=True)
    for _ in range(60):
        record_view(nadia, *(PatientFactory(clinic=elm) for _ in range(2)))

    with CaptureQueriesContext(connection) as many:
        admin_client.post(SEARCH, {"actor": nadia.pk}, follow=True)

    assert len(many) == len(few)


def test_audit_search_queries_use_indexes_among_many_rows(nadia, rosa):
    """With thousands of rows of others, the planner reads neither all of them nor sorts them."""
    others = [AuditEvent(action="view", actor_id=10**6 + n % 50, patient_ids=[], actor_email="x") for n in range(5000)]
    AuditEvent.objects.bulk_create(others)
    record_view(nadia, rosa)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE patients_auditevent")

    by_person = AuditQuery(actor=nadia).rows[:101].explain()
    by_patient = AuditQuery(patient=rosa).rows[:101].explain()

    assert "audit_by_actor" in by_person
    assert "audit_by_patient" in by_patient
    assert "Seq Scan" not in by_person + by_patient


def test_audit_search_without_subject_returns_no_rows(nadia, rosa):
    record_view(nadia, rosa)

    assert queries.fetch_audit_page(AuditQuery(), by=nadia, cursor=None, size=10).rows == []
