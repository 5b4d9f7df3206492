import pytest
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import IntegrityError, transaction

from patients import folding, search
from patients.enrollment import admission
from patients.models import Patient, Practitioner
from patients.models.practitioner import fold_practitioner_name
from tests.factories import ClinicFactory, PatientFactory

pytestmark = pytest.mark.django_db
NAMES = {"given_name": "Jose\u0301", "family_name": "O'Brien"}
BIRTH_DATE = "1951-04-09"


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        *(("Jos\u00e9", "jose"), ("Jose\u0301", "jose"), ("S\u00f8ren", "soren"), ("Stra\u00dfe", "strasse")),
        *(("\uff21\uff0d1", "a-1"), ("A\u20111", "a-1"), ("A \u2014 1", "a - 1"), ("a\u00a0 b", "a b")),
        *(("Ka\u02bbahumanu", "ka'ahumanu"), ("O\u2019Brien", "o'brien"), ("O\u00b4Brien", "o'brien")),
        *(
            ("\u0130D", "id"),
            ("I\u0307D", "id"),
            ("\u0131d", "id"),
            ("\u0141\u00f3d\u017a", "lodz"),
            ("a\u200bb", "ab"),
        ),
    ],
)
def test_fold_text_is_equal_for_spellings_that_look_alike(text, folded):
    assert folding.fold_text(text) == folded
    assert folding.fold_text(folded) == folded


@pytest.mark.parametrize("name", ["Dr Ann Field", "dr ann field", "Dr. Ann Field", "Dr.\u00a0Ann  F\u00edeld"])
def test_fold_practitioner_name_is_one_name(name):
    assert fold_practitioner_name(name) == "ann field"


def test_practitioner_folded_name_fits_its_column():
    longest = Practitioner._meta.get_field("name").max_length * "\u00df"

    assert len(fold_practitioner_name(longest)) <= Practitioner._meta.get_field("folded_name").max_length


@pytest.mark.parametrize("mrn", ["a-001", "A 001", "A\u2011001", "\uff21 -- 001", "A\u00a0001", "\u00c1-001"])
def test_mrn_is_unique_in_its_clinic_however_it_is_spelled(cora, elm, mrn):
    PatientFactory(clinic=elm, mrn="A-001")
    PatientFactory(clinic=ClinicFactory(), mrn=mrn)

    with pytest.raises(ValidationError) as refused:
        admission.enroll_patient(by=cora, clinic=elm, mrn=mrn, birth_date=BIRTH_DATE, **NAMES)
    with pytest.raises(IntegrityError), transaction.atomic():
        Patient.objects.bulk_create([PatientFactory.build(clinic=elm, practitioner=None, mrn=mrn)])

    assert [error.code for error in refused.value.error_dict[NON_FIELD_ERRORS]] == ["mrn"]


@pytest.mark.parametrize(("mrn", "other"), [("1-23", "12-3"), ("A001", "a-001"), ("12.3", "12 3")])
def test_enroll_asks_about_an_mrn_that_differs_only_in_separators(cora, elm, mrn, other):
    PatientFactory(clinic=elm, mrn=mrn)
    fields = NAMES | {"mrn": other, "birth_date": BIRTH_DATE}

    with pytest.raises(admission.PossibleDuplicatePatient) as asked:
        admission.enroll_patient(by=cora, clinic=elm, another_person=False, **fields)

    assert asked.value.has_similar_mrn
    assert admission.enroll_patient(by=cora, clinic=elm, another_person=True, **fields).mrn == other


@pytest.mark.parametrize(
    "names",
    [
        *(("Jos\u00e9", "O'Brien"), ("jose", "OBRIEN"), ("O\u2019Brien", "Jos\u00e9"), ("Jose", "O Brien")),
        *(("Jose", "O\u02bcBrien"), ("", "Jose O'Brien")),
    ],
)
def test_enroll_asks_about_the_same_person_in_another_spelling(cora, elm, names):
    PatientFactory(clinic=elm, birth_date=BIRTH_DATE, **NAMES)
    fields = dict(zip(("given_name", "family_name"), names, strict=True))

    with pytest.raises(admission.PossibleDuplicatePatient) as asked:
        admission.enroll_patient(by=cora, clinic=elm, another_person=False, birth_date=BIRTH_DATE, **fields)

    assert not asked.value.has_similar_mrn


@pytest.mark.parametrize(
    ("field", "stored", "asked"),
    [
        *(("family_name", "Ka\u02bbahumanu", "ka'ahu"), ("family_name", "O'Brien", "OBrien")),
        *(("family_name", "OBrien", "o'brien"), ("family_name", "Ruiz\u2011Sosa", "ruiz-sosa")),
        *(("family_name", "Ruiz-Sosa", "ruiz\u2013sosa"), ("family_name", "Jose\u0301", "JOS\u00c9")),
        *(
            ("mrn", "A\u2011001", "a-001"),
            ("mrn", "A-001", "A 001"),
            ("mrn", "A 001", "a\u2011001"),
            ("mrn", "A-001", "A001"),
        ),
    ],
)
def test_patient_search_finds_each_spelling(elm, field, stored, asked):
    patient = PatientFactory(clinic=elm, **{field: stored})
    PatientFactory(clinic=elm)

    assert list(Patient.objects.filter(search.patient_search_filter(asked))) == [patient]


@pytest.mark.parametrize("asked", ["\u0130D-1", "i\u0307d-1", "I\u0307D-1"])
def test_by_external_id_ignores_case_of_every_letter(elm, asked):
    patient = PatientFactory(clinic=elm, external_id="\u0130D-1")
    PatientFactory(clinic=elm, external_id="ID-1")

    assert Patient.objects.by_external_id(asked) == patient


def test_enroll_refuses_an_account_id_in_use_at_its_field(cora, elm):
    PatientFactory(clinic=elm, external_id="\u0130D-1")

    with pytest.raises(ValidationError) as refused:
        admission.enroll_patient(by=cora, clinic=elm, external_id="i\u0307d-1", birth_date=BIRTH_DATE, **NAMES)

    assert [error.code for error in refused.value.error_dict[NON_FIELD_ERRORS]] == ["external_id"]


def test_saving_one_field_saves_its_folded_column(elm):
    patient = PatientFactory(clinic=elm)
    patient.given_name, patient.mrn, patient.external_id = "Zo\u00eb", "B 7", "ACCT-9"
    patient.save(update_fields=["given_name", "mrn", "external_id"])

    patient.refresh_from_db()
    assert patient.folded_name.startswith("zoe ")
    assert (patient.folded_mrn, patient.folded_external_id) == ("b-7", "acct-9")
