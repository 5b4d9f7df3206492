"""Facts that billing needs: programmes, payers, consent, orders; credentials and employment of people."""

import datetime as dt

import factory

from patients.models import User
from patients.programmes.models import (
    AccessAlignment,
    ApcmPeriod,
    BillingFactsVersion,
    BillingPractitioner,
    Consent,
    ConsentWording,
    Coverage,
    Credential,
    Education,
    Employment,
    MonitoringOrder,
    Payer,
    PracticeAttestation,
    PriorAuthorisation,
    ProgrammeEnrolment,
    QualifyingVisit,
    ZoneChange,
)
from tests.factories.patients import PatientFactory, PractitionerFactory, UserFactory

FIRST_DAY = dt.date(2026, 1, 5)


class PatientFactFactory(factory.django.DjangoModelFactory):
    class Meta:
        abstract = True

    patient = factory.SubFactory(PatientFactory)
    recorded_by = factory.LazyAttribute(lambda row: UserFactory(clinics=[row.patient.clinic], keeps_billing=True))


class ProgrammeEnrolmentFactory(PatientFactFactory):
    class Meta:
        model = ProgrammeEnrolment

    programme = "RPM"
    started_on = FIRST_DAY


class EducationFactory(PatientFactFactory):
    class Meta:
        model = Education

    programme = "RPM"
    done_on = FIRST_DAY
    done_by = factory.SelfAttribute("recorded_by")


class PayerFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Payer
        django_get_or_create = ("name",)

    name = "Medicare"


class CoverageFactory(PatientFactFactory):
    class Meta:
        model = Coverage

    payer = factory.SubFactory(PayerFactory)
    member_id = factory.Sequence("1EG4-TE5-{:04}".format)
    started_on = FIRST_DAY


class PriorAuthorisationFactory(PatientFactFactory):
    class Meta:
        model = PriorAuthorisation

    payer = factory.SubFactory(PayerFactory)
    code = "99454"
    number = factory.Sequence("PA-{:05}".format)
    started_on = FIRST_DAY


class ConsentWordingFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ConsentWording

    version = factory.Sequence("2026-{}".format)
    text = "I agree to be monitored at home. I may have to pay a share, one practice only may bill, I may stop."
    has_cost_share = True
    has_one_practitioner = True
    has_right_to_stop = True


class ConsentFactory(PatientFactFactory):
    class Meta:
        model = Consent

    given_on = FIRST_DAY
    how = "spoken"
    taken_by = factory.SelfAttribute("recorded_by")
    wording = factory.SubFactory(ConsentWordingFactory)


class MonitoringOrderFactory(PatientFactFactory):
    class Meta:
        model = MonitoringOrder

    practitioner = factory.LazyAttribute(
        lambda row: row.patient.practitioner or PractitionerFactory(clinic=row.patient.clinic)
    )
    ordered_on = FIRST_DAY
    diagnoses = ["I10"]
    why = "Blood pressure above the goal"
    metrics = ["blood_pressure"]


class QualifyingVisitFactory(PatientFactFactory):
    class Meta:
        model = QualifyingVisit

    visited_on = dt.date(2025, 12, 15)
    kind = "office"


class PracticeAttestationFactory(PatientFactFactory):
    class Meta:
        model = PracticeAttestation

    attested_on = FIRST_DAY
    other_practice_bills = False


class AccessAlignmentFactory(PatientFactFactory):
    class Meta:
        model = AccessAlignment

    track = "ckm"
    started_on = dt.date(2026, 7, 5)


class ApcmPeriodFactory(PatientFactFactory):
    class Meta:
        model = ApcmPeriod

    started_on = FIRST_DAY


class PersonFactFactory(factory.django.DjangoModelFactory):
    """Recorded by a colleague; `person` is a clinician."""

    class Meta:
        abstract = True

    person = factory.SubFactory(UserFactory)
    recorded_by = factory.LazyFunction(lambda: User.objects.order_by("pk").first())
    started_on = FIRST_DAY


class CredentialFactory(PersonFactFactory):
    class Meta:
        model = Credential

    name = "RN"


class EmploymentFactory(PersonFactFactory):
    class Meta:
        model = Employment

    kind = "practice_employee"


class BillingPractitionerFactory(PersonFactFactory):
    class Meta:
        model = BillingPractitioner


class ZoneChangeFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ZoneChange

    patient = factory.SubFactory(PatientFactory)
    time_zone = "America/Chicago"
    starts_at = dt.datetime(2026, 3, 1, 6, tzinfo=dt.UTC)


class BillingFactsVersionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = BillingFactsVersion

    patient = factory.SubFactory(PatientFactory)
