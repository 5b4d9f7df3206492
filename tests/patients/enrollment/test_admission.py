import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from patients.enrollment import admission
from patients.models import AuditEvent, Clinic, MonitoringPeriod, Patient
from patients.search import compact_mrn_column
from tests.factories import PatientFactory

FIELDS = {"given_name": " Rosa ", "family_name": "Delgado", "birth_date": dt.date(1951, 4, 9), "state": "CO"}


def test_enroll_creates_patient_with_generated_account_id_and_audit(cora, elm):
    patient = admission.enroll_patient(by=cora, clinic=elm, phone="(603) 555-0142", **FIELDS)

    assert patient.external_id.startswith("pt-")
    assert (patient.given_name, patient.phone, patient.time_zone) == ("Rosa", "+16035550142", "America/Denver")
    row = AuditEvent.objects.get(action="enroll")
    assert (row.actor_id, row.patient_ids, row.clinic_id) == (cora.pk, [patient.pk], elm.pk)
    assert "Delgado" not in str(row.details)


def test_enroll_uses_the_time_zone_of_the_zip_code(cora, elm):
    patient = admission.enroll_patient(by=cora, clinic=elm, **FIELDS | {"state": "TX", "zip_code": "79901"})

    assert patient.time_zone == "America/Denver"


def test_enroll_without_state_uses_clinic_time_zone(cora, elm):
    patient = admission.enroll_patient(by=cora, clinic=elm, **FIELDS | {"state": ""})

    assert patient.time_zone == elm.time_zone


def test_enroll_into_another_clinic_raises_permission_denied(cora, harbor):
    with pytest.raises(PermissionDenied):
        admission.enroll_patient(by=cora, clinic=harbor, **FIELDS)


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
        ("family_name", "Del\u202egado"),
        ("family_name", "\u200b"),
        ("street", "\ufeff12 Alder"),
        ("city", "--"),
        ("mrn", "\u3164"),
        ("external_id", "\u2800"),
        ("conditions", ["nonsense"]),
    ],
)
def test_enroll_rejects_invalid_value_at_its_field(cora, elm, field, value):
    with pytest.raises(ValidationError) as refused:
        admission.enroll_patient(by=cora, clinic=elm, **FIELDS | {field: value})

    assert refused.value.message_dict.keys() == {field}
    assert not Patient.objects.exists()


@pytest.mark.parametrize("names", [("Suharto", ""), ("", "Suharto")])
def test_enroll_takes_a_person_with_one_name_and_asks_about_a_second_one(cora, elm, names):
    fields = FIELDS | dict(zip(("given_name", "family_name"), names, strict=True))

    patient = admission.enroll_patient(by=cora, clinic=elm, **fields)

    assert (patient.given_name, patient.name, patient.list_name) == ("", "Suharto", "Suharto")
    with pytest.raises(admission.PossibleDuplicatePatient):
        admission.enroll_patient(
            by=cora, clinic=elm, another_person=False, **FIELDS | {"given_name": names[1], "family_name": names[0]}
        )


def test_enroll_rejects_a_person_without_a_name(cora, elm):
    with pytest.raises(ValidationError) as refused:
        admission.enroll_patient(by=cora, clinic=elm, **FIELDS | {"given_name": " ", "family_name": ""})

    assert refused.value.message_dict.keys() == {"family_name"}


@pytest.mark.parametrize("zip_code", ["03301", "03301-1234"])
@pytest.mark.parametrize("state", ["NH", "DC", "PR", "AP"])
def test_enroll_accepts_states_and_zip_codes_the_vendor_ships_to(cora, elm, state, zip_code):
    assert (
        admission.enroll_patient(by=cora, clinic=elm, **FIELDS | {"state": state, "zip_code": zip_code}).state == state
    )


def test_enroll_rejects_mrn_in_use_in_the_same_clinic_only(cora, elm, rosa, harbor):
    PatientFactory(clinic=harbor, mrn="MRN-ROSA")

    with pytest.raises(ValidationError, match="has this MRN"):
        admission.enroll_patient(by=cora, clinic=elm, **FIELDS | {"mrn": "MRN-ROSA"})


def test_enroll_rejects_account_id_in_use_ignoring_case(cora, elm, rosa):
    with pytest.raises(ValidationError, match="in use"):
        admission.enroll_patient(by=cora, clinic=elm, **FIELDS | {"external_id": "ACCT-Rosa"})


def test_edit_patient_audits_changed_field_names_without_values(cora, rosa):
    began = rosa.live_version

    admission.edit_patient(patient=rosa, by=cora, edit_version=1, city="Nashua", zip_code="03060", state="NH")

    rosa.refresh_from_db()
    assert (rosa.city, rosa.edit_version, rosa.live_version) == ("Nashua", 2, began + 1)
    row = AuditEvent.objects.get(action="edit")
    assert sorted(row.details["fields"]) == ["city", "zip_code"]
    assert "Nashua" not in str(row.details)


def test_edit_patient_without_changes_writes_nothing(cora, rosa):
    admission.edit_patient(patient=rosa, by=cora, edit_version=1, city=rosa.city, phone="603-555-0142")

    rosa.refresh_from_db()
    assert rosa.edit_version == 1
    assert not AuditEvent.objects.filter(action="edit").exists()


def test_edit_patient_with_stale_edit_version_reports_who_changed_what(cora, nadia, rosa):
    admission.edit_patient(patient=rosa, by=cora, edit_version=1, city="Nashua")

    with pytest.raises(admission.EditConflict) as clash:
        admission.edit_patient(patient=rosa, by=nadia, edit_version=1, city="Keene")

    rosa.refresh_from_db()
    assert rosa.city == "Nashua"
    assert [(change.by, change.fields) for change in clash.value.changes] == [("Cora Lindqvist", ("city",))]


def test_edit_patient_account_id_is_locked_once_sent_to_vendor(cora, rosa):
    admission.edit_patient(patient=rosa, by=cora, edit_version=1, external_id="adopted-7")
    Patient.objects.filter(pk=rosa.pk).update(external_id_sent_at=rosa.enrolled_at)

    with pytest.raises(ValidationError, match="under the old id"):
        admission.edit_patient(patient=rosa, by=cora, edit_version=2, external_id="other")
    with pytest.raises(Exception, match="Cannot update rows"), transaction.atomic():
        Patient.objects.filter(pk=rosa.pk).update(external_id="past the verb")


def test_edit_patient_of_another_clinic_raises_does_not_exist(olaf, rosa):
    with pytest.raises(Patient.DoesNotExist):
        admission.edit_patient(patient=rosa, by=olaf, edit_version=1, city="Nashua")


def test_discharge_and_readmit_are_idempotent_and_audited_once(cora, rosa):
    admission.discharge_patient(patient=rosa, by=cora, reason="moved")
    rosa.refresh_from_db()
    discharged = rosa.live_version
    assert rosa.discharged_at is not None
    admission.discharge_patient(patient=rosa, by=cora, reason="moved")
    for _ in range(2):
        admission.readmit_patient(patient=rosa, by=cora)

    rosa.refresh_from_db()
    assert (rosa.discharged_at, rosa.discharge_reason, rosa.live_version) == (None, "", discharged + 1)
    assert list(AuditEvent.objects.order_by("pk").values_list("action", flat=True)) == ["discharge", "enroll"]


def test_discharge_rejects_reason_not_in_the_list(cora, rosa):
    with pytest.raises(ValidationError, match="Choose a reason"):
        admission.discharge_patient(patient=rosa, by=cora, reason="because")


def test_enroll_race_for_the_same_mrn_raises_validation_error(cora, elm, monkeypatch):
    """Another enrolment lands between our check and our row."""
    PatientFactory(clinic=elm, mrn="MRN-1")
    calls = []

    def checked(self, **_):
        calls.append(self)

    monkeypatch.setattr(Patient, "full_clean", checked)

    with pytest.raises(ValidationError, match="has this MRN"):
        admission.enroll_patient(by=cora, clinic=elm, **FIELDS | {"mrn": "MRN-1", "time_zone": "America/Denver"})
    assert calls


def test_patient_mrn_unique_constraint_rejects_duplicate_in_clinic(elm, rosa):
    with pytest.raises(IntegrityError), transaction.atomic():
        PatientFactory(clinic=elm, mrn=rosa.mrn)


@pytest.fixture
def mabel(elm):
    return PatientFactory(
        clinic=elm, given_name="Mabel", family_name="Thornquist", birth_date="1948-03-22", mrn="M-7-7"
    )


@pytest.mark.parametrize(
    ("change", "has_similar_mrn"),
    [
        ({"given_name": "MABEL", "family_name": "Thornqu\u00edst", "birth_date": "1948-03-22"}, False),
        ({"given_name": "thornquist", "family_name": "mabel", "birth_date": "1948-03-22"}, False),
        ({"mrn": "M 77"}, True),
        ({"mrn": "m77"}, True),
    ],
)
def test_edit_patient_asks_about_a_change_into_another_patient(cora, rosa, mabel, change, has_similar_mrn):
    with pytest.raises(admission.PossibleDuplicatePatient) as asked:
        admission.edit_patient(patient=rosa, by=cora, edit_version=1, another_person=False, **change)

    assert (asked.value.patient, asked.value.has_similar_mrn) == (mabel, has_similar_mrn)
    rosa.refresh_from_db()
    assert rosa.edit_version == 1
    assert (
        admission.edit_patient(patient=rosa, by=cora, edit_version=1, another_person=True, **change).edit_version == 2
    )


def test_edit_patient_asks_nothing_about_what_it_does_not_change(cora, elm, rosa, mabel):
    admission.edit_patient(patient=rosa, by=cora, edit_version=1, given_name="Mabel", family_name="Thornquist")
    namesake = admission.edit_patient(patient=rosa, by=cora, edit_version=2, birth_date=mabel.birth_date)

    for change in ({"city": "Keene"}, {"mrn": "R-1"}):
        namesake = admission.edit_patient(
            patient=namesake, by=cora, edit_version=namesake.edit_version, another_person=False, **change
        )
    assert (namesake.city, namesake.mrn) == ("Keene", "R-1")


@pytest.mark.parametrize("lookalike", ["elm street clinic", "Elm-Street  Clinic", "\u00c9lm Street Clinic"])
def test_clinic_name_is_unique_however_it_is_spelled(elm, lookalike):
    with pytest.raises(ValidationError, match="Another clinic has this name"):
        Clinic(name=lookalike).full_clean()
    with pytest.raises(IntegrityError), transaction.atomic():
        Clinic.objects.create(name=lookalike)


def test_search_for_a_similar_mrn_uses_its_index(elm):
    PatientFactory.create_batch(20, clinic=elm)
    similar = elm.patients.order_by().annotate(compact=compact_mrn_column()).filter(compact="mrn00042")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("ANALYZE patients_patient")

    assert "patient_by_compact_mrn" in similar.explain()


def test_discharge_closes_monitoring_period_and_readmission_opens_a_new_one(cora, rosa):
    admission.discharge_patient(patient=rosa, by=cora, reason="moved")
    admission.readmit_patient(patient=rosa, by=cora)

    first, second = rosa.monitoring_periods.all()
    assert (first.started_at, first.end_reason) == (rosa.enrolled_at, "moved")
    assert first.ended_at <= second.started_at
    assert (second.ended_at, second.end_reason) == (None, "")


def test_discharge_of_an_earlier_day_ends_with_that_day(cora, rosa):
    enrolled = timezone.now() - dt.timedelta(days=10)
    Patient.objects.filter(pk=rosa.pk).update(enrolled_at=enrolled)
    zone = rosa.clinic.zone
    day = timezone.now().astimezone(zone).date() - dt.timedelta(days=3)

    discharged = admission.discharge_patient(patient=rosa, by=cora, reason="moved", last_day=day)

    assert discharged.discharged_at == dt.datetime.combine(day, dt.time.max, tzinfo=zone)
    assert AuditEvent.objects.get(action="discharge").details == {"last_day_of_care": day.isoformat()}


@pytest.mark.parametrize(("days", "problem"), [(2, "in the future"), (-4000, "before the enrolment")])
def test_discharge_rejects_day_outside_the_monitoring_period(cora, rosa, days, problem):
    day = timezone.now().date() + dt.timedelta(days=days)

    with pytest.raises(ValidationError, match=problem):
        admission.discharge_patient(patient=rosa, by=cora, reason="moved", last_day=day)


def test_discharge_rejects_day_before_the_readmission_in_those_words(cora, rosa):
    enrolled = timezone.now() - dt.timedelta(days=10)
    Patient.objects.filter(pk=rosa.pk).update(enrolled_at=enrolled)
    rosa.refresh_from_db()
    admission.discharge_patient(patient=rosa, by=cora, reason="moved")
    admission.readmit_patient(patient=rosa, by=cora)

    with pytest.raises(ValidationError, match="before the readmission on"):
        admission.discharge_patient(patient=rosa, by=cora, reason="moved", last_day=enrolled.date())


@pytest.mark.parametrize(("start", "end"), [(1, 2), (2, None), (-1, 1)])
def test_monitoring_periods_of_a_patient_never_overlap(rosa, start, end):
    day = dt.timedelta(days=1)
    began = rosa.enrolled_at
    MonitoringPeriod.objects.create(patient=rosa, started_at=began, ended_at=began + 3 * day, end_reason="moved")

    with pytest.raises(IntegrityError, match="no_overlap"), transaction.atomic():
        MonitoringPeriod.objects.create(
            patient=rosa,
            started_at=began + start * day,
            ended_at=end and began + end * day,
            end_reason="moved" if end else "",
        )
