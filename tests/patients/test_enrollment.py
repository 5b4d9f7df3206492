import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction

from patients.enrollment import admission
from patients.models import AuditEvent, Patient
from tests.factories import PatientFactory

FIELDS = {"given_name": " Rosa ", "family_name": "Delgado", "birth_date": dt.date(1951, 4, 9), "state": "CO"}


def test_enrolling_makes_a_patient_with_an_account_id_of_its_own(cora, elm):
    patient = admission.enrol(by=cora, clinic=elm, phone="(603) 555-0142", **FIELDS)

    assert patient.external_id.startswith("pt-")
    assert (patient.given_name, patient.phone, patient.time_zone) == ("Rosa", "+16035550142", "America/Denver")
    row = AuditEvent.objects.get(action="enrol")
    assert (row.actor_id, row.patient_ids, row.clinic_id) == (cora.pk, [patient.pk], elm.pk)
    assert "Delgado" not in str(row.details)


def test_without_a_state_the_clinics_zone_is_taken(cora, elm):
    patient = admission.enrol(by=cora, clinic=elm, **FIELDS | {"state": ""})

    assert patient.time_zone == elm.time_zone


def test_nobody_enrols_into_another_clinic(cora, harbor):
    with pytest.raises(PermissionDenied):
        admission.enrol(by=cora, clinic=harbor, **FIELDS)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("phone", "555"),
        ("phone", "not a number"),
        ("phone", "(603) 555-0142 x 12"),
        ("state", "ZZ"),
        ("zip_code", "123"),
        ("zip_code", "03301-12"),
        ("zip_code", "٠٣٣٠١"),
        ("birth_date", dt.date(1899, 12, 31)),
        ("birth_date", dt.date(2099, 1, 1)),
        ("time_zone", "UTC+5"),
        ("family_name", ""),
        ("family_name", "Del\u202egado"),
        ("conditions", ["nonsense"]),
    ],
)
def test_what_cannot_be_is_refused_by_its_field(cora, elm, field, value):
    with pytest.raises(ValidationError) as refused:
        admission.enrol(by=cora, clinic=elm, **FIELDS | {field: value})

    assert refused.value.message_dict.keys() == {field}
    assert not Patient.objects.exists()


@pytest.mark.parametrize("zip_code", ["03301", "03301-1234"])
@pytest.mark.parametrize("state", ["NH", "DC", "PR", "AP"])
def test_addresses_that_the_vendor_ships_to_are_taken(cora, elm, state, zip_code):
    assert admission.enrol(by=cora, clinic=elm, **FIELDS | {"state": state, "zip_code": zip_code}).state == state


def test_one_mrn_is_one_patient_of_a_clinic_and_free_in_another(cora, elm, rosa, harbor):
    PatientFactory(clinic=harbor, mrn="MRN-ROSA")

    with pytest.raises(ValidationError, match="has this MRN"):
        admission.enrol(by=cora, clinic=elm, **FIELDS | {"mrn": "MRN-ROSA"})


def test_an_account_id_is_one_patient_whatever_its_case(cora, elm, rosa):
    with pytest.raises(ValidationError, match="in use"):
        admission.enrol(by=cora, clinic=elm, **FIELDS | {"external_id": "ACCT-Rosa"})


def test_an_edit_names_what_changed_and_nothing_else(cora, rosa):
    began = rosa.version

    admission.edit(patient=rosa, by=cora, edition=1, city="Nashua", zip_code="03060", state="NH")

    rosa.refresh_from_db()
    assert (rosa.city, rosa.edition, rosa.version) == ("Nashua", 2, began + 1)
    row = AuditEvent.objects.get(action="edit")
    assert sorted(row.details["fields"]) == ["city", "zip_code"]
    assert "Nashua" not in str(row.details)


def test_an_edit_that_changes_nothing_writes_nothing(cora, rosa):
    admission.edit(patient=rosa, by=cora, edition=1, city=rosa.city, phone="603-555-0142")

    rosa.refresh_from_db()
    assert rosa.edition == 1
    assert not AuditEvent.objects.filter(action="edit").exists()


def test_whoever_comes_second_is_told_who_when_and_what(cora, nadia, rosa):
    admission.edit(patient=rosa, by=cora, edition=1, city="Nashua")

    with pytest.raises(admission.EditedMeanwhile) as clash:
        admission.edit(patient=rosa, by=nadia, edition=1, city="Keene")

    rosa.refresh_from_db()
    assert rosa.city == "Nashua"
    assert [(change.by, change.fields) for change in clash.value.changes] == [("Cora Lindqvist", ("city",))]


def test_the_account_id_is_free_until_the_vendor_knows_it_and_fixed_afterwards(cora, rosa):
    admission.edit(patient=rosa, by=cora, edition=1, external_id="adopted-7")
    Patient.objects.filter(pk=rosa.pk).update(external_id_sent_at=rosa.enrolled_at)

    with pytest.raises(ValidationError, match="under the old id"):
        admission.edit(patient=rosa, by=cora, edition=2, external_id="other")
    with pytest.raises(Exception, match="Cannot update rows"), transaction.atomic():
        Patient.objects.filter(pk=rosa.pk).update(external_id="past the verb")


def test_a_patient_elsewhere_is_not_edited_even_past_the_page(olaf, rosa):
    with pytest.raises(Patient.DoesNotExist):
        admission.edit(patient=rosa, by=olaf, edition=1, city="Nashua")


def test_discharge_and_return_are_written_down_once_each(cora, rosa):
    began = rosa.version
    for _ in range(2):
        admission.discharge(patient=rosa, by=cora, reason="moved")
    rosa.refresh_from_db()
    assert rosa.discharged_at is not None
    for _ in range(2):
        admission.readmit(patient=rosa, by=cora)

    rosa.refresh_from_db()
    assert (rosa.discharged_at, rosa.discharge_reason, rosa.version) == (None, "", began + 2)
    assert list(AuditEvent.objects.order_by("pk").values_list("action", flat=True)) == ["discharge", "enrol"]


def test_a_discharge_needs_a_reason_from_the_list(cora, rosa):
    with pytest.raises(ValidationError, match="Choose a reason"):
        admission.discharge(patient=rosa, by=cora, reason="because")


def test_a_race_for_an_mrn_ends_in_a_sentence(cora, elm, monkeypatch):
    """Another enrolment lands between our check and our row."""
    PatientFactory(clinic=elm, mrn="MRN-1")
    calls = []

    def checked(self, **_):
        calls.append(self)

    monkeypatch.setattr(Patient, "full_clean", checked)

    with pytest.raises(ValidationError, match="has this MRN"):
        admission.enrol(by=cora, clinic=elm, **FIELDS | {"mrn": "MRN-1", "time_zone": "America/Denver"})
    assert calls


def test_the_database_itself_refuses_a_second_mrn(elm, rosa):
    with pytest.raises(IntegrityError), transaction.atomic():
        PatientFactory(clinic=elm, mrn=rosa.mrn)
