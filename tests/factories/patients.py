"""Clinics, people and patients."""

import datetime as dt
import functools

import factory
from django.contrib.auth.hashers import make_password
from django.utils import timezone

from patients.care.models import Absence, CareTeamMember, Note, NoteTemplate, NoteVersion
from patients.models import Clinic, ClinicChange, ClinicClosedDay, ClinicHours, Patient, Practitioner, Role, User
from patients.models.practitioner import fold_practitioner_name
from patients.time_sessions.models import TimeApproval, TimeSession

PASSWORD = "four calm otters swim"


@functools.cache
def hashed_password():
    """Once per process: a good hash is slow on purpose."""
    return make_password(PASSWORD)


class ClinicFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Clinic
        django_get_or_create = ("name",)

    name = factory.Sequence(lambda n: f"Clinic {n}")
    time_zone = "America/New_York"


class UserFactory(factory.django.DjangoModelFactory):
    """A person who can sign in with PASSWORD; of `clinics`, else of one new clinic. Administrators are staff."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"person{n}@example.org")
    name = factory.Sequence(lambda n: f"Person {n}")
    role = Role.CLINICIAN
    is_staff = factory.LazyAttribute(lambda user: user.role == Role.ADMINISTRATOR)
    password = factory.LazyFunction(hashed_password)

    @factory.post_generation
    def clinics(self, create, clinics, **_):
        if create:
            self.clinics.set([ClinicFactory()] if clinics is None else clinics)


class ClinicHoursFactory(factory.django.DjangoModelFactory):
    """Monday, 8 AM to 5 PM."""

    class Meta:
        model = ClinicHours

    clinic = factory.SubFactory(ClinicFactory)
    weekday = 0
    opens_at = dt.time(8)
    closes_at = dt.time(17)


class ClinicClosedDayFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ClinicClosedDay

    clinic = factory.SubFactory(ClinicFactory)
    day = factory.Sequence(lambda n: dt.date(2026, 12, 1) + dt.timedelta(days=n % 300))
    name = "Staff training"


class ClinicChangeFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ClinicChange

    clinic = factory.SubFactory(ClinicFactory)
    field = "phone"
    before = "(603) 555-0142"
    after = "(603) 555-0143"
    by = factory.SubFactory(UserFactory)


class PractitionerFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Practitioner
        django_get_or_create = ("clinic", "folded_name")

    clinic = factory.SubFactory(ClinicFactory)
    name = factory.Sequence(lambda n: f"Dr. Provider {n}")
    folded_name = factory.LazyAttribute(lambda practitioner: fold_practitioner_name(practitioner.name))


class PatientFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Patient

    class Params:
        provider = "Dr. Imani Okafor"  # a name of the clinic, or empty

    clinic = factory.SubFactory(ClinicFactory)
    external_id = factory.Sequence(lambda n: f"acct-{n:05}")
    given_name = "Rosa"
    family_name = factory.Sequence(lambda n: f"Delgado{n}")
    sex = "female"
    birth_date = dt.date(1951, 4, 9)
    mrn = factory.Sequence(lambda n: f"MRN-{n:05}")
    phone = "+16035550142"
    street = "12 Alder Street"
    city = "Concord"
    state = "NH"
    zip_code = "03301"
    time_zone = "America/New_York"
    practitioner = factory.Maybe(
        "provider",
        factory.SubFactory(
            PractitionerFactory, clinic=factory.SelfAttribute("..clinic"), name=factory.SelfAttribute("..provider")
        ),
    )
    conditions = ["hypertension"]


class CareTeamMemberFactory(factory.django.DjangoModelFactory):
    """Of a clinician of the patient's clinic."""

    class Meta:
        model = CareTeamMember

    patient = factory.SubFactory(PatientFactory)
    user = factory.LazyAttribute(lambda row: UserFactory(clinics=[row.patient.clinic]))


class AbsenceFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Absence

    clinic = factory.SubFactory(ClinicFactory)
    user = factory.LazyAttribute(lambda row: UserFactory(clinics=[row.clinic]))
    planned_by = factory.SelfAttribute("user")
    first_day = dt.date(2026, 12, 1)
    last_day = dt.date(2026, 12, 5)


class NoteFactory(factory.django.DjangoModelFactory):
    """A note with its first version."""

    class Meta:
        model = Note
        skip_postgeneration_save = True

    patient = factory.SubFactory(PatientFactory)
    created_at = factory.LazyFunction(timezone.now)
    due_on = None
    created_by = factory.LazyAttribute(lambda row: UserFactory(clinics=[row.patient.clinic]))
    versions = factory.RelatedFactory("tests.factories.patients.NoteVersionFactory", factory_related_name="note")


class NoteTemplateFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = NoteTemplate

    clinic = factory.SubFactory(ClinicFactory)
    name = factory.Sequence("Template {}".format)
    text = "Medication taken as prescribed: yes / no"


class NoteVersionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = NoteVersion

    note = factory.SubFactory(NoteFactory, versions=None)
    number = 1
    written_by = factory.SelfAttribute("note.created_by")
    happened_at = factory.SelfAttribute("note.created_at")
    text = "Asked about dizziness"
    next_step = factory.LazyAttribute(lambda row: "Call again" if row.note.due_on else "")
    next_step_on = factory.SelfAttribute("note.due_on")


class TimeSessionFactory(factory.django.DjangoModelFactory):
    """Ten minutes of the timer, stopped."""

    class Meta:
        model = TimeSession

    class Params:
        minutes = 10

    patient = factory.SubFactory(PatientFactory)
    person = factory.LazyAttribute(lambda row: UserFactory(clinics=[row.patient.clinic]))
    source = "timer"
    started_at = dt.datetime(2026, 11, 3, 15, tzinfo=dt.UTC)
    ended_at = factory.LazyAttribute(lambda row: row.started_at + dt.timedelta(minutes=row.minutes))
    last_activity_at = last_seen_at = factory.LazyAttribute(lambda row: row.ended_at or row.started_at)
    end_reason = factory.LazyAttribute(lambda row: "stopped" if row.ended_at else "")
    why_typed = factory.LazyAttribute(lambda row: "Forgot the timer" if row.source == "typed" else "")


class TimeApprovalFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = TimeApproval

    patient = factory.SubFactory(PatientFactory)
    month = dt.date(2026, 11, 1)
    approved_by = factory.LazyAttribute(lambda row: UserFactory(clinics=[row.patient.clinic]))
