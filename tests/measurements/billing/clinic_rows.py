"""Rows of a clinic from which billing lines are computed: a patient with all that a line needs."""

import datetime as dt

from measurements.billing.computation import compute_patient
from measurements.billing.models import BillingLine
from tests import factories

# Window 1 is October 20 to November 18; noon of December 1 in the clinic.
NOON = dt.datetime(2026, 12, 1, 17, tzinfo=dt.UTC)
FIRST = dt.date(2026, 10, 20)
ONE_DAY = dt.timedelta(days=1)


def bill_patient(elm, *, by=None, days=17, minutes=(15, 10), zone="America/New_York", **names):
    """In RPM since October 20, every fact on file; `days` measured from then on, `minutes` of sessions in November.

    `by`: the account of the practitioner, who is a billing practitioner.
    """
    practitioner = factories.PractitionerFactory(clinic=elm, name="Dr. Imani Okafor", npi="1234567893")
    if by is not None and practitioner.user_id is None:
        practitioner.user = by
        practitioner.save(update_fields=["user"])
        factories.BillingPractitionerFactory(person=by)
    enrolled = dt.datetime(2026, 10, 20, 12, tzinfo=dt.UTC)
    patient = factories.PatientFactory(
        clinic=elm, practitioner=practitioner, time_zone=zone, enrolled_at=enrolled, **names
    )
    nurse = factories.UserFactory(clinics=[elm])
    factories.CredentialFactory(person=nurse, name="RN", started_on=dt.date(2026, 1, 1))
    facts = {"patient": patient, "recorded_by": nurse}
    factories.ProgrammeEnrolmentFactory(**facts, started_on=FIRST)
    factories.ConsentFactory(**facts, given_on=FIRST, taken_by=nurse)
    factories.MonitoringOrderFactory(**facts, practitioner=practitioner, ordered_on=FIRST, diagnoses=["I10"])
    factories.QualifyingVisitFactory(**facts, visited_on=dt.date(2026, 9, 1))
    factories.EducationFactory(**facts, done_on=FIRST, done_by=nurse)
    factories.PracticeAttestationFactory(**facts, attested_on=FIRST)
    factories.CoverageFactory(**facts, started_on=FIRST)
    device = factories.DeviceFactory(patient=patient)
    measure_days(device, FIRST, days)
    for n, length in enumerate(minutes):
        add_session(patient, nurse, dt.datetime(2026, 11, 3 + n, 15, tzinfo=dt.UTC), length)
    if minutes:
        add_call(patient, nurse, dt.datetime(2026, 11, 3, 16, tzinfo=dt.UTC))
    return patient


def measure_days(device, first, days):
    for n in range(days):
        at = dt.datetime.combine(first + ONE_DAY * n, dt.time(14), tzinfo=dt.UTC)
        factories.MeasurementFactory(device=device, code="weight", taken_at=at, received_at=at)


def add_session(patient, person, at, minutes, **changes):
    return factories.TimeSessionFactory(patient=patient, person=person, started_at=at, minutes=minutes, **changes)


def add_call(patient, person, at):
    note = factories.NoteFactory(patient=patient, created_by=person, created_at=at, versions=None)
    return factories.NoteVersionFactory(
        note=note, kind="call", happened_at=at, outcome="reached", contact_with="patient", is_live=True
    )


def approve_time(patient, by, month=dt.date(2026, 11, 1)):
    return factories.TimeApprovalFactory(patient=patient, month=month, approved_by=by)


def computed(patient):
    """(code, units, status) of the patient's lines, computed now, in their order."""
    compute_patient(patient)
    rows = BillingLine.objects.filter(patient=patient).order_by("first", "kind", "code")
    return [(row.code, row.units, row.status) for row in rows]


def line_of(patient, code):
    return BillingLine.objects.get(patient=patient, code=code)
