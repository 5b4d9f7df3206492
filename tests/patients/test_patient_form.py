import html

import pytest
from django.urls import reverse

from patients import zip_codes
from patients.enrollment import admission
from patients.models import AuditEvent, Patient
from tests.factories import DeviceFactory, PatientFactory
from tests.patients.inputs import Inputs
from tests.texts import text

TYPED = {
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
def edit_page(rosa):
    return reverse("enrollment:edit", args=[rosa.pk])


def opened(client, page):
    return Inputs(client.get(page).content.decode()).data


def test_a_coordinator_enrols_a_patient(as_cora, elm):
    answer = as_cora.post("/patients/new/", TYPED)

    patient = Patient.objects.get()
    assert answer.url == f"/patients/{patient.pk}/"
    assert (patient.clinic, patient.phone, patient.time_zone) == (elm, "+16035550177", "America/New_York")
    assert patient.conditions == ["hypertension", "ckd"]


def test_a_mistake_stands_beside_its_field_and_what_was_typed_stays(as_cora, rosa):
    answer = as_cora.post("/patients/new/", TYPED | {"zip_code": "123", "mrn": rosa.mrn, "phone": "12"})

    page, errors = answer.content.decode(), answer.context["form"].errors
    assert errors.keys() == {"zip_code", "phone"}
    assert 'value="Thornquist"' in page
    assert 'aria-describedby="id_zip_code_helptext id_zip_code_error"' in page
    assert Patient.objects.count() == 1


def test_an_mrn_in_use_is_blamed_on_the_mrn(as_cora, rosa):
    answer = as_cora.post("/patients/new/", TYPED | {"mrn": rosa.mrn})

    assert answer.context["form"].errors == {"mrn": ["Another patient of this clinic has this MRN."]}


def test_an_account_id_in_use_is_blamed_on_the_account_id(as_cora, rosa):
    answer = as_cora.post("/patients/new/", TYPED | {"external_id": rosa.external_id.upper()})

    assert answer.context["form"].errors.keys() == {"external_id"}


def test_texts_need_a_phone(as_cora):
    assert as_cora.post("/patients/new/", TYPED | {"phone": ""}).context["form"].errors.keys() == {"phone"}


def test_only_who_works_in_several_clinics_chooses_one(as_cora, cora, elm, harbor):
    alone = as_cora.get("/patients/new/").content.decode()
    cora.clinics.add(harbor)

    answer = as_cora.post("/patients/new/", TYPED | {"clinic": harbor.pk})

    assert 'name="clinic"' not in alone
    assert Patient.objects.get(clinic=harbor)
    assert answer.status_code == 302


def test_a_clinic_of_others_is_no_choice(as_cora, cora, elm, harbor):
    cora.clinics.add(PatientFactory().clinic)

    answer = as_cora.post("/patients/new/", TYPED | {"clinic": harbor.pk})

    assert answer.context["form"].errors.keys() == {"clinic"}


def test_saving_untouched_changes_nothing(as_cora, edit_page, rosa):
    answer = as_cora.post(edit_page, opened(as_cora, edit_page))

    assert answer.status_code == 302
    assert not AuditEvent.objects.filter(action="edit").exists()
    rosa.refresh_from_db()
    assert rosa.edition == 1


def test_a_phone_number_is_shown_as_people_dial_it_and_in_another_shape_is_the_same(as_cora, edit_page, rosa):
    Patient.objects.filter(pk=rosa.pk).update(phone="+16035550142")
    form = opened(as_cora, edit_page)

    as_cora.post(edit_page, form | {"phone": ["603.555.0142"]})
    unchanged = Patient.objects.get(pk=rosa.pk)
    as_cora.post(edit_page, form | {"phone": ["603.555.0177"]})
    refused = as_cora.post(edit_page, opened(as_cora, edit_page) | {"phone": ["603 555 x"]}).content.decode()

    assert form["phone"] == ["(603) 555-0142"]
    assert (unchanged.phone, unchanged.edition) == ("+16035550142", 1)
    assert Patient.objects.get(pk=rosa.pk).phone == "+16035550177"
    assert 'value="603 555 x"' in refused, "what was typed stays"


@pytest.mark.parametrize("typed", ["+999999999", "+123456789012345", "+44 20 7946 0958 0000000", "+1603555014"])
def test_a_number_that_nobody_has_is_refused_and_stays_as_it_was_typed(as_cora, edit_page, typed):
    answer = as_cora.post(edit_page, opened(as_cora, edit_page) | {"phone": [typed]})

    assert answer.context["form"].errors.keys() == {"phone"}
    assert f'value="{typed}"' in answer.content.decode()


def test_an_edit_is_saved(as_cora, edit_page, rosa):
    as_cora.post(edit_page, opened(as_cora, edit_page) | {"city": ["Keene"]})

    rosa.refresh_from_db()
    assert (rosa.city, rosa.edition) == ("Keene", 2)


def test_edits_of_different_fields_are_brought_together(as_cora, edit_page, rosa, cora):
    mine = opened(as_cora, edit_page) | {"street": ["1 New Road"]}
    admission.edit(patient=rosa, by=cora, edition=1, phone="+16035550199", conditions=["copd"], sms_consent=True)

    told = as_cora.post(edit_page, mine)
    page = told.content.decode()
    as_cora.post(edit_page, Inputs(page).data)

    rosa.refresh_from_db()
    assert "Somebody was faster" in page
    assert "Cora Lindqvist" in page
    assert ", Eastern Time (New York)." in page
    assert (rosa.street, rosa.phone, rosa.conditions) == ("1 New Road", "+16035550199", ["copd"])
    assert rosa.sms_consent


def test_edits_of_the_same_field_are_shown_side_by_side_and_nothing_is_lost(as_cora, edit_page, rosa, cora):
    mine = opened(as_cora, edit_page) | {"city": ["Keene"], "sex": ["other"]}
    admission.edit(patient=rosa, by=cora, edition=1, city="Nashua", state="MA")

    told = as_cora.post(edit_page, mine)
    rosa.refresh_from_db()
    assert rosa.city == "Nashua"
    assert [(row.label, row.theirs, row.yours) for row in told.context["conflicts"]] == [("City", "Nashua", "Keene")]

    as_cora.post(edit_page, Inputs(told.content.decode()).data)

    rosa.refresh_from_db()
    assert (rosa.city, rosa.state, rosa.sex) == ("Keene", "MA", "other")


def test_an_account_id_that_the_vendor_knows_is_not_a_field_any_more(as_cora, edit_page, rosa):
    Patient.objects.filter(pk=rosa.pk).update(external_id_sent_at=rosa.enrolled_at)

    as_cora.post(edit_page, opened(as_cora, edit_page) | {"external_id": ["forged"], "city": ["Keene"]})

    rosa.refresh_from_db()
    assert (rosa.external_id, rosa.city) == ("acct-rosa", "Keene")


def test_reading_the_form_is_a_look_at_the_patient(as_cora, edit_page, rosa, cora):
    as_cora.get(edit_page)

    assert AuditEvent.objects.get(action="view", actor_id=cora.pk).patient_ids == [rosa.pk]


def test_titles_messages_and_cookies_name_nobody(as_cora, edit_page, rosa):
    page = as_cora.get(edit_page).content.decode()
    answer = as_cora.post(edit_page, opened(as_cora, edit_page) | {"city": ["Keene"]})

    assert rosa.family_name not in page.split("</title>")[0]
    assert rosa.family_name not in str(answer.cookies)


def test_browsers_are_asked_to_remember_nothing(as_cora, edit_page):
    answer = as_cora.get(edit_page)

    assert answer["Cache-Control"].count("no-store") == 1
    assert answer.content.decode().count('autocomplete="off"') >= 15


def test_a_second_enrolment_of_the_same_person_is_refused_until_it_is_said_to_be_another(as_cora, cora):
    typed = TYPED | {"mrn": ""}
    as_cora.post("/patients/new/", typed)

    told = as_cora.post("/patients/new/", typed | {"given_name": " mabel"})

    first = Patient.objects.get()
    assert "this clinic has such a patient" in text(told)
    assert reverse("patients:page", args=[first.pk]) in told.content.decode()
    assert 'name="another_person"' in told.content.decode()
    assert 'value="9 Birch Lane"' in told.content.decode()
    assert AuditEvent.objects.get(action="search").patient_ids == [first.pk]
    as_cora.post("/patients/new/", typed | {"another_person": "on"})
    assert Patient.objects.count() == 2


def test_the_same_name_in_another_clinic_or_born_another_day_is_nobodys_business(as_cora, elm, harbor):
    PatientFactory(clinic=harbor, given_name="Mabel", family_name="Thornquist", birth_date="1948-03-22")
    PatientFactory(clinic=elm, given_name="Mabel", family_name="Thornquist", birth_date="1948-03-23")

    assert as_cora.post("/patients/new/", TYPED).status_code == 302


def test_a_patient_is_discharged_with_a_reason_and_enrolled_again(as_cora, rosa):
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
    assert "Choose why care ends." in text(refused)
    assert gone is not None
    assert rosa.discharged_at is None


def test_the_second_who_discharges_is_told_that_another_reason_stands(as_cora, rosa):
    page = reverse("enrollment:discharge", args=[rosa.pk])
    as_cora.post(page, {"reason": "died"})

    same, other = (as_cora.post(page, {"reason": reason}, follow=True) for reason in ("died", "moved"))

    assert "The patient is discharged." in text(same)
    assert "Somebody was faster, with the reason “" in text(other)
    rosa.refresh_from_db()
    assert rosa.discharge_reason == "died"


@pytest.mark.parametrize("who", ["nadia", "ada"])
def test_only_coordinators_enrol_and_edit(client, request, who, edit_page):
    client.force_login(request.getfixturevalue(who))

    assert client.get("/patients/new/").status_code == 403
    assert client.post(edit_page, TYPED).status_code == 403


def test_a_zip_code_of_another_state_is_doubted_and_kept(as_cora, rosa, edit_page):
    enrolled = as_cora.post("/patients/new/", TYPED | {"zip_code": "90210"}, follow=True)
    edited = as_cora.post(edit_page, opened(as_cora, edit_page) | {"state": "NH", "zip_code": "90210"}, follow=True)
    fits = as_cora.post(edit_page, opened(as_cora, edit_page) | {"zip_code": "03301"}, follow=True)

    said = [zip_codes.WARNING in html.unescape(page.content.decode()) for page in (enrolled, edited, fits)]
    assert said == [True, True, False]
    assert Patient.objects.filter(zip_code="90210").count() == 1
