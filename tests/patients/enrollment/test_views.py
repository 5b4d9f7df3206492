import pytest
from django.urls import reverse

from patients import zip_codes
from patients.enrollment import admission
from patients.models import AuditEvent, Patient
from tests.factories import DeviceFactory, PatientFactory
from tests.form_fields import FormFieldParser
from tests.page_texts import page_text

FORM_DATA = {
    "given_name": "Mabel",
    "family_name": "Thornquist",
    "birth_date": "03/22/1948",
    "sex": "female",
    "mrn": "M-77",
    "phone": "(603) 555-0177",
    "sms_consent": "on",
    "street": "9 Birch Lane",
    "city": "Concord",
    "state": "NH",
    "zip_code": "03301",
    "time_zone": "",
    "provider": "Dr. Okafor",
    "conditions": ["hypertension", "ckd"],
    "external_id": "",
}


@pytest.fixture
def edit_url(rosa):
    return reverse("enrollment:edit", args=[rosa.pk])


def form_data(client, page):
    return FormFieldParser(client.get(page).content.decode()).data


def test_enrollment_form_creates_patient(as_cora, elm):
    answer = as_cora.post("/patients/new/", FORM_DATA)

    patient = Patient.objects.get()
    assert answer.url == f"/patients/{patient.pk}/"
    assert (patient.clinic, patient.phone, patient.time_zone) == (elm, "+16035550177", "America/New_York")
    assert patient.conditions == ["hypertension", "ckd"]


def test_enrollment_form_shows_errors_at_fields_and_preserves_typed_values(as_cora, rosa):
    answer = as_cora.post("/patients/new/", FORM_DATA | {"zip_code": "123", "mrn": rosa.mrn, "phone": "12"})

    page, errors = answer.content.decode(), answer.context["form"].errors
    assert errors.keys() == {"zip_code", "phone"}
    assert 'value="Thornquist"' in page
    assert 'aria-describedby="id_zip_code_helptext id_zip_code_error"' in page
    assert Patient.objects.count() == 1


def test_enrollment_form_duplicate_mrn_shows_error_at_mrn(as_cora, rosa):
    answer = as_cora.post("/patients/new/", FORM_DATA | {"mrn": rosa.mrn})

    assert answer.context["form"].errors == {"mrn": ["Another patient of this clinic has this MRN."]}


def test_enrollment_form_duplicate_account_id_shows_error_at_account_id(as_cora, rosa):
    answer = as_cora.post("/patients/new/", FORM_DATA | {"external_id": rosa.external_id.upper()})

    assert answer.context["form"].errors.keys() == {"external_id"}


def test_enrollment_form_sms_consent_requires_phone(as_cora):
    assert as_cora.post("/patients/new/", FORM_DATA | {"phone": ""}).context["form"].errors.keys() == {"phone"}


def test_enrollment_form_offers_clinic_only_to_users_of_several_clinics(as_cora, cora, elm, harbor):
    alone = as_cora.get("/patients/new/").content.decode()
    cora.clinics.add(harbor)

    answer = as_cora.post("/patients/new/", FORM_DATA | {"clinic": harbor.pk})

    assert 'name="clinic"' not in alone
    assert Patient.objects.get(clinic=harbor)
    assert answer.status_code == 302


def test_enrollment_form_rejects_clinic_of_others(as_cora, cora, elm, harbor):
    cora.clinics.add(PatientFactory().clinic)

    answer = as_cora.post("/patients/new/", FORM_DATA | {"clinic": harbor.pk})

    assert answer.context["form"].errors.keys() == {"clinic"}


def test_patient_edit_form_saved_untouched_changes_nothing(as_cora, edit_url, rosa):
    answer = as_cora.post(edit_url, form_data(as_cora, edit_url))

    assert answer.status_code == 302
    assert not AuditEvent.objects.filter(action="edit").exists()
    rosa.refresh_from_db()
    assert rosa.edit_version == 1


def test_patient_edit_form_formats_phone_and_accepts_other_notations(as_cora, edit_url, rosa):
    Patient.objects.filter(pk=rosa.pk).update(phone="+16035550142")
    form = form_data(as_cora, edit_url)

    as_cora.post(edit_url, form | {"phone": ["603.555.0142"]})
    unchanged = Patient.objects.get(pk=rosa.pk)
    as_cora.post(edit_url, form | {"phone": ["603.555.0177"]})
    refused = as_cora.post(edit_url, form_data(as_cora, edit_url) | {"phone": ["603 555 x"]}).content.decode()

    assert form["phone"] == ["(603) 555-0142"]
    assert (unchanged.phone, unchanged.edit_version) == ("+16035550142", 1)
    assert Patient.objects.get(pk=rosa.pk).phone == "+16035550177"
    assert 'value="603 555 x"' in refused, "what was typed stays"


@pytest.mark.parametrize("typed", ["+999999999", "+123456789012345", "+44 20 7946 0958 0000000", "+1603555014"])
def test_patient_edit_form_rejects_impossible_phone_and_preserves_it_typed(as_cora, edit_url, typed):
    answer = as_cora.post(edit_url, form_data(as_cora, edit_url) | {"phone": [typed]})

    assert answer.context["form"].errors.keys() == {"phone"}
    assert f'value="{typed}"' in answer.content.decode()


def test_patient_edit_form_saves_change(as_cora, edit_url, rosa):
    as_cora.post(edit_url, form_data(as_cora, edit_url) | {"city": ["Keene"]})

    rosa.refresh_from_db()
    assert (rosa.city, rosa.edit_version) == ("Keene", 2)


def test_patient_edit_form_merges_edits_of_different_fields(as_cora, edit_url, rosa, cora):
    mine = form_data(as_cora, edit_url) | {"street": ["1 New Road"]}
    admission.edit_patient(
        patient=rosa, by=cora, edit_version=1, phone="+16035550199", conditions=["copd"], sms_consent=True
    )

    response = as_cora.post(edit_url, mine)
    page = response.content.decode()
    as_cora.post(edit_url, FormFieldParser(page).data)

    rosa.refresh_from_db()
    assert "Another person was faster" in page
    assert "Cora Lindqvist" in page
    assert ", Eastern Time (New York)." in page
    assert (rosa.street, rosa.phone, rosa.conditions) == ("1 New Road", "+16035550199", ["copd"])
    assert rosa.sms_consent


def test_patient_edit_form_shows_conflict_of_same_field_side_by_side(as_cora, edit_url, rosa, cora):
    mine = form_data(as_cora, edit_url) | {"city": ["Keene"], "sex": ["other"]}
    admission.edit_patient(patient=rosa, by=cora, edit_version=1, city="Nashua", state="MA")

    response = as_cora.post(edit_url, mine)
    rosa.refresh_from_db()
    assert rosa.city == "Nashua"
    assert [(row.label, row.saved_value, row.typed_value) for row in response.context["conflicts"]] == [
        ("City", "Nashua", "Keene")
    ]

    as_cora.post(edit_url, FormFieldParser(response.content.decode()).data)

    rosa.refresh_from_db()
    assert (rosa.city, rosa.state, rosa.sex) == ("Keene", "MA", "other")


def test_patient_edit_form_ignores_account_id_once_sent_to_vendor(as_cora, edit_url, rosa):
    Patient.objects.filter(pk=rosa.pk).update(external_id_sent_at=rosa.enrolled_at)

    as_cora.post(edit_url, form_data(as_cora, edit_url) | {"external_id": ["forged"], "city": ["Keene"]})

    rosa.refresh_from_db()
    assert (rosa.external_id, rosa.city) == ("acct-rosa", "Keene")


def test_patient_edit_form_view_writes_audit(as_cora, edit_url, rosa, cora):
    as_cora.get(edit_url)

    assert AuditEvent.objects.get(action="view", actor_id=cora.pk).patient_ids == [rosa.pk]


def test_patient_edit_form_title_and_cookies_contain_no_name(as_cora, edit_url, rosa):
    page = as_cora.get(edit_url).content.decode()
    answer = as_cora.post(edit_url, form_data(as_cora, edit_url) | {"city": ["Keene"]})

    assert rosa.family_name not in page.split("</title>")[0]
    assert rosa.family_name not in str(answer.cookies)


def test_patient_edit_form_is_not_cached_or_autocompleted(as_cora, edit_url):
    answer = as_cora.get(edit_url)

    assert answer["Cache-Control"].count("no-store") == 1
    assert answer.content.decode().count('autocomplete="off"') >= 15


def test_enrollment_form_asks_to_confirm_probable_duplicate_patient(as_cora, cora):
    typed = FORM_DATA | {"mrn": ""}
    as_cora.post("/patients/new/", typed)

    response = as_cora.post("/patients/new/", typed | {"given_name": " mabel"})

    first = Patient.objects.get()
    assert "this clinic has such a patient" in page_text(response)
    assert reverse("patients:page", args=[first.pk]) in response.content.decode()
    assert 'name="another_person"' in response.content.decode()
    assert 'value="9 Birch Lane"' in response.content.decode()
    assert AuditEvent.objects.get(action="search").patient_ids == [first.pk]
    as_cora.post("/patients/new/", typed | {"another_person": "on"})
    assert Patient.objects.count() == 2


def test_enrollment_form_ignores_same_name_in_other_clinic_or_other_birth_date(as_cora, elm, harbor):
    PatientFactory(clinic=harbor, given_name="Mabel", family_name="Thornquist", birth_date="1948-03-22")
    PatientFactory(clinic=elm, given_name="Mabel", family_name="Thornquist", birth_date="1948-03-23")

    assert as_cora.post("/patients/new/", FORM_DATA).status_code == 302


def test_enrollment_form_takes_one_name_only_and_names_a_missing_one(as_cora):
    empty = as_cora.post("/patients/new/", FORM_DATA | {"given_name": "", "family_name": ""})

    assert empty.context["form"].errors.keys() == {"family_name"}
    assert as_cora.post("/patients/new/", FORM_DATA | {"given_name": "Suharto", "family_name": ""}).status_code == 302
    assert Patient.objects.get().family_name == "Suharto"


def test_discharge_form_requires_reason_and_readmit_reverses_it(as_cora, rosa):
    DeviceFactory(patient=rosa)
    page = reverse("enrollment:discharge", args=[rosa.pk])

    asked = as_cora.get(page).content.decode()
    refused = as_cora.post(page, {"reason": ""})
    as_cora.post(page, {"reason": "moved"})
    rosa.refresh_from_db()
    gone = rosa.discharged_at
    as_cora.post(reverse("enrollment:readmit", args=[rosa.pk]))

    rosa.refresh_from_db()
    assert "1 device stays linked" in asked
    assert refused.status_code == 200
    assert "Choose why care ends." in page_text(refused)
    assert gone is not None
    assert rosa.discharged_at is None


def test_discharge_form_reports_different_reason_saved_by_another_user(as_cora, rosa):
    page = reverse("enrollment:discharge", args=[rosa.pk])
    as_cora.post(page, {"reason": "died"})

    same, other = (as_cora.post(page, {"reason": reason}, follow=True) for reason in ("died", "moved"))

    assert "The patient is discharged." in page_text(same)
    assert "Another person was faster, with the reason “" in page_text(other)
    rosa.refresh_from_db()
    assert rosa.discharge_reason == "died"


@pytest.mark.parametrize("who", ["nadia", "ada"])
def test_enrollment_and_edit_forms_are_forbidden_for_other_roles(client, request, who, edit_url):
    client.force_login(request.getfixturevalue(who))

    assert client.get("/patients/new/").status_code == 403
    assert client.post(edit_url, FORM_DATA).status_code == 403


@pytest.mark.parametrize(
    ("change", "warnings"),
    [
        ({"zip_code": "90210"}, [zip_codes.ZIP_CODE_WARNING, zip_codes.TIME_ZONE_WARNING]),
        ({"city": "Nashua"}, [zip_codes.ZIP_CODE_WARNING]),
        ({"time_zone": "America/Denver", "zone_change": "wrong"}, [zip_codes.TIME_ZONE_WARNING]),
        ({}, []),
    ],
)
def test_enrollment_and_edit_forms_warn_of_an_address_that_does_not_fit(as_cora, edit_url, change, warnings):
    fits = FORM_DATA | {"time_zone": "America/New_York"}
    enrolled = as_cora.post("/patients/new/", fits | change, follow=True)
    edited = as_cora.post(edit_url, form_data(as_cora, edit_url) | change, follow=True)

    for page in (enrolled, edited):
        assert [str(message) for message in page.context["messages"] if message.level_tag == "warning"] == warnings


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"zip_code": "46402", "state": "IN"}, "Time zone: Central Time (Chicago) , by ZIP code."),
        ({"zip_code": "", "state": "IN"}, "Time zone: Eastern Time (Indianapolis) , by state."),
        (
            {"zip_code": "46402", "time_zone": "America/New_York"},
            "The time zone is Central Time (Chicago) by ZIP code, but",
        ),
        ({"zip_code": "46402", "state": "IL"}, "ZIP code 46402 is Gary, Indiana. Please compare it with the address."),
        ({"zip_code": "00000"}, "There is no ZIP code 00000."),
    ],
)
def test_address_hint_names_time_zone_reason_and_mismatch(as_cora, typed, said):
    hint = as_cora.post("/patients/new/address/", typed)

    assert said in page_text(hint)
    assert said in page_text(as_cora.post("/patients/new/", FORM_DATA | {"city": "", "mrn": "--"} | typed))


def test_address_hint_is_empty_for_an_address_that_fits_the_chosen_zone(as_cora):
    typed = {"zip_code": "48201", "city": "Detroit", "state": "MI", "time_zone": "America/New_York"}

    assert page_text(as_cora.post("/patients/new/address/", typed)).strip() == ""


def test_edit_form_asks_to_confirm_a_change_into_another_patient(as_cora, edit_url, rosa, elm):
    other = PatientFactory(clinic=elm, given_name="Mabel", family_name="Thornquist", birth_date="1948-03-22")
    names = {"given_name": ["mabel"], "family_name": ["Thornquist"], "birth_date": ["1948-03-22"]}

    response = as_cora.post(edit_url, form_data(as_cora, edit_url) | names)
    as_cora.post(edit_url, FormFieldParser(response.content.decode()).data | {"another_person": ["on"]})

    assert reverse("patients:page", args=[other.pk]) in response.content.decode()
    assert "say so at the end of the form and save" in page_text(response)
    assert AuditEvent.objects.filter(action="search", patient_ids=[other.pk]).count() == 1
    rosa.refresh_from_db()
    assert rosa.given_name == "mabel"
