import pytest
from django.core import mail
from django.urls import reverse

from patients.models import AuditEvent, Role, User
from tests.factories import PatientFactory, UserFactory
from tests.page_texts import strip_markup
from tests.patients.admin.admin_form import admin_form_data


@pytest.fixture
def admin_client(client, ada):
    client.force_login(ada)
    return client


def changelist_url(model):
    return reverse(f"admin:patients_{model}_changelist")


def test_admin_lists_show_only_people_and_patients_of_own_clinics(admin_client, elm, harbor, nadia, olaf, rosa):
    foreign = PatientFactory(clinic=harbor, family_name="Quillfeather")

    people = admin_client.get(changelist_url("user")).content.decode()
    patients = admin_client.get(changelist_url("patient")).content.decode()
    clinics = admin_client.get(changelist_url("clinic")).content.decode()

    assert nadia.email in people
    assert olaf.email not in people
    assert str(rosa.pk) in patients
    assert str(foreign.pk) not in patients
    assert "Quillfeather" not in patients
    assert harbor.name not in clinics + people + patients


def test_admin_patient_views_write_audit_with_patient_ids(admin_client, ada, rosa):
    admin_client.get(changelist_url("patient"))
    admin_client.get(reverse("admin:patients_patient_change", args=[rosa.pk]))

    seen = AuditEvent.objects.filter(action__startswith="admin_", actor_id=ada.pk).order_by("pk")
    assert [row.patient_ids for row in seen] == [[rosa.pk], [rosa.pk]]
    assert [(row.action, row.target) for row in seen] == [
        ("admin_list", "patient"),
        ("admin_view", f"patient:{rosa.pk}"),
    ]


def test_admin_patient_page_title_contains_no_name(admin_client, rosa):
    page = admin_client.get(reverse("admin:patients_patient_change", args=[rosa.pk])).content.decode()

    title = page.split("<title>")[1].split("</title>")[0]
    assert rosa.family_name not in title


def test_admin_patient_search_finds_by_id_but_not_by_name(admin_client, rosa):
    by_id = admin_client.get(changelist_url("patient"), {"q": str(rosa.pk)})
    by_name = admin_client.get(changelist_url("patient"), {"q": rosa.family_name})

    assert by_id.context["cl"].result_count == 1
    assert by_name.context["cl"].result_count == 0


@pytest.mark.parametrize("lookup", ["family_name__startswith", "birth_date__gte", "mrn", "clinic__name"])
def test_admin_patient_list_rejects_filters_on_patient_data_in_url(admin_client, rosa, lookup):
    assert admin_client.get(changelist_url("patient"), {lookup: "D"}).status_code in (302, 400)


def test_audit_admin_filter_by_patient_lists_who_viewed_that_patient(admin_client, client, nadia, ada, rosa):
    other = PatientFactory(clinic=rosa.clinic)
    admin_client.get(reverse("admin:patients_patient_change", args=[rosa.pk]))
    admin_client.get(reverse("admin:patients_patient_change", args=[other.pk]))

    rows = admin_client.get(changelist_url("auditevent"), {"patient": str(rosa.pk)}).context["cl"].result_list

    assert [row.target for row in rows] == [f"patient:{rosa.pk}"]


@pytest.mark.parametrize("query", [{"patient": "x"}, {"actor_id": "9" * 30}, {"actor_id": "²"}, {"q": "%"}])
def test_audit_admin_invalid_filter_value_returns_no_rows(admin_client, query):
    answer = admin_client.get(changelist_url("auditevent"), query)

    assert answer.status_code == 200
    assert answer.context["cl"].result_count == 0


@pytest.mark.parametrize("name", ["q", "action", "patient"])
def test_audit_admin_nul_character_in_query_returns_400(admin_client, name):
    assert admin_client.get(changelist_url("auditevent"), {name: "\x00"}).status_code == 400


def test_audit_admin_filter_by_actor_lists_what_that_person_did(admin_client, nadia, cora, client):
    client.logout()
    client.force_login(nadia)
    client.logout()
    client.force_login(User.objects.get(role=Role.ADMINISTRATOR))

    rows = client.get(changelist_url("auditevent"), {"actor_id": nadia.pk}).context["cl"].result_list

    assert {row.action for row in rows} == {"sign_in", "sign_out"}


def test_audit_admin_hides_events_of_another_clinic(admin_client, olaf, nadia):
    admin_client.force_login(olaf)
    admin_client.force_login(User.objects.get(role=Role.ADMINISTRATOR))

    rows = admin_client.get(changelist_url("auditevent")).context["cl"].result_list

    assert olaf.pk not in {row.actor_id for row in rows}


def test_user_admin_add_creates_inactive_user_and_sends_invitation(
    admin_client, ada, elm, django_capture_on_commit_callbacks
):
    fields = {"name": "Nils Berg", "email": "Nils@Example.org", "role": "coordinator", "clinics": [elm.pk]}

    with django_capture_on_commit_callbacks(execute=True):
        answer = admin_client.post(reverse("admin:patients_user_add"), fields)

    assert answer.status_code == 302
    user = User.objects.get(email="nils@example.org")
    assert not user.is_active
    assert list(user.clinics.all()) == [elm]
    assert mail.outbox[0].to == ["nils@example.org"]
    assert AuditEvent.objects.filter(action="invite", actor_id=ada.pk, target=f"user:{user.pk}").count() == 1


def test_user_admin_add_with_email_in_use_shows_error_at_email_field(admin_client, nadia, elm):
    fields = {"name": "N", "email": "NADIA@example.org", "role": "coordinator", "clinics": [elm.pk]}

    answer = admin_client.post(reverse("admin:patients_user_add"), fields)

    assert answer.status_code == 200
    assert "email" in answer.context["adminform"].form.errors


@pytest.mark.parametrize("name", ["is_superuser", "is_staff", "password", "is_active", "email"])
def test_user_admin_change_ignores_extra_fields_that_would_raise_privileges(admin_client, nadia, elm, name):
    before = getattr(nadia, name)
    address = reverse("admin:patients_user_change", args=[nadia.pk])

    assert admin_client.post(address, admin_form_data(admin_client, address) | {name: "1"}).status_code == 302

    nadia.refresh_from_db()
    assert getattr(nadia, name) == before


def test_user_admin_role_change_sets_and_clears_is_staff(admin_client, nadia, elm):
    address = reverse("admin:patients_user_change", args=[nadia.pk])

    admin_client.post(address, admin_form_data(admin_client, address) | {"role": "administrator"})
    nadia.refresh_from_db()
    was_staff = nadia.is_staff
    admin_client.post(address, admin_form_data(admin_client, address) | {"role": "clinician"})

    nadia.refresh_from_db()
    assert (was_staff, nadia.is_staff) == (True, False)
    assert AuditEvent.objects.filter(action="admin_change", target=f"user:{nadia.pk}").count() == 2


def test_user_admin_refuses_change_of_user_who_also_works_in_another_clinic(admin_client, elm, harbor):
    both = UserFactory(clinics=[elm, harbor])
    address = reverse("admin:patients_user_change", args=[both.pk])

    answer = admin_client.post(address, {"name": "X", "role": "administrator", "clinics": [elm.pk]})
    admin_client.post(changelist_url("user"), {"action": "deactivate", "confirmed": "1", "_selected_action": [both.pk]})

    both.refresh_from_db()
    assert answer.status_code == 403
    assert both.is_active
    assert both.clinics.count() == 2


def test_user_admin_bulk_deactivate_asks_for_confirmation_and_skips_self(admin_client, nadia, ada):
    chosen = {"action": "deactivate", "_selected_action": [nadia.pk, ada.pk]}
    asked = admin_client.post(changelist_url("user"), chosen).content.decode()
    nadia.refresh_from_db()
    assert nadia.is_active, "nothing happens before a person has said yes"
    assert "<strong>2</strong>" in asked
    assert nadia.email in asked

    admin_client.post(changelist_url("user"), {**chosen, "confirmed": "1"})

    nadia.refresh_from_db()
    ada.refresh_from_db()
    assert (nadia.is_active, ada.is_active) == (False, True)


def test_admin_requires_staff_and_has_no_sign_in_page_of_its_own(client, nadia):
    anonymous = client.get("/admin/", follow=True)
    client.force_login(nadia)

    assert anonymous.redirect_chain[-1][0] == "/accounts/login/?next=/admin/"
    assert client.get("/admin/").status_code == 403
    assert client.get("/admin/login/").status_code == 403


def test_admin_superuser_sees_clinics_but_no_patients(client, rosa, elm):
    client.force_login(UserFactory(is_superuser=True, is_staff=True, role="", clinics=[]))

    assert client.get(changelist_url("patient")).context["cl"].result_count == 0
    assert client.get(changelist_url("clinic")).context["cl"].result_count == 1
    assert client.get(reverse("admin:patients_patient_change", args=[rosa.pk])).status_code == 302


def test_admin_index_uses_plain_model_names_without_jargon(admin_client):
    page = admin_client.get("/admin/").content.decode()

    for words in ("Vendor keys", "Webhook counts", "Webhook deliveries", "Comparisons", "Calls to the vendor", "Goals"):
        assert f">{words}</a>" in page
    for jargon in ("Hook tall", "Key slot", "Sync r", "Latest reading", "Threshold"):
        assert jargon not in page


def test_admin_shows_times_in_clinic_time_zone_by_name(admin_client):
    assert "times in Eastern Time (New York)" in admin_client.get("/admin/").content.decode()
    assert "Eastern Time (New York)</td>" in admin_client.get("/admin/patients/clinic/").content.decode()


def test_admin_dates_use_the_same_format_as_other_pages(admin_client, elm):
    type(elm).objects.filter(pk=elm.pk).update(created_at="2026-11-19T17:04Z")

    assert "Nov 19, 2026, 12:04 PM" in admin_client.get("/admin/patients/clinic/").content.decode()


def test_admin_list_has_plain_headings_and_show_all_only_when_filtered(admin_client):
    whole, searched = (
        admin_client.get(changelist_url("user"), query).content.decode() for query in ({}, {"role__exact": "clinician"})
    )

    assert "<h1>People</h1>" in whole
    assert "Role: All" in strip_markup(whole)
    assert "Select user" not in whole
    assert "Show all" not in whole
    assert "Show all" in searched


def test_patient_admin_discharge_filter_uses_plain_words(admin_client, rosa):
    page = admin_client.get(changelist_url("patient"), {"discharged_at__isempty": "1"}).content.decode()

    assert "Under care</a>" in page
    assert "Discharged</a>" in page
    assert "Not empty" not in page
    assert rosa.family_name in page


def test_admin_history_link_appears_only_for_editable_records(admin_client, rosa, nadia):
    read_only, editable = (
        admin_client.get(reverse(f"admin:patients_{model}_change", args=[pk])).content.decode()
        for model, pk in (("patient", rosa.pk), ("user", nadia.pk))
    )

    assert "historylink" not in read_only
    assert "historylink" in editable
