"""Alert episodes, what persons did with them, and what they are computed from."""

import datetime as dt

import factory
from django.utils import timezone

from measurements.alerts.models import (
    AlertEpisode,
    AlertMessage,
    AlertMessageItem,
    AlertNotification,
    AlertRuleChange,
    AlertStep,
    BacktestRun,
    EpisodeNote,
    ExpectedReadings,
    MeasuringPause,
    NotificationSettings,
    PatientReview,
    PresetChange,
    PresetConfirmation,
    SharedTriageFilter,
)
from measurements.models import ExclusionEvent, TriageEntry
from tests.factories.measurements import MeasurementFactory
from tests.factories.patients import ClinicFactory, NoteFactory, PatientFactory, UserFactory


def an_hour_ago():
    return timezone.now() - dt.timedelta(hours=1)


class SharedTriageFilterFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = SharedTriageFilter

    clinic = factory.SubFactory(ClinicFactory)
    name = factory.Sequence(lambda n: f"Round {n}")
    values = factory.LazyFunction(lambda: {"severity": "critical"})
    by = factory.SubFactory(UserFactory)


class TriageEntryFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = TriageEntry
        django_get_or_create = ("patient",)

    patient = factory.SubFactory(PatientFactory)


class AlertEpisodeFactory(factory.django.DjangoModelFactory):
    """An open warning of an average; pass `severity`, `section`, `state` for another."""

    class Meta:
        model = AlertEpisode

    patient = factory.SubFactory(PatientFactory)
    rule = "bp_average"
    metric = "blood_pressure"
    kind = "average"
    severity = "warning"
    queue = "medical"
    state = "open"
    section = factory.SelfAttribute("severity")
    first = factory.LazyAttribute(lambda row: row.last - dt.timedelta(days=6))
    last = factory.LazyFunction(an_hour_ago)
    opened_at = factory.SelfAttribute("last")
    detected_at = factory.SelfAttribute("last")
    first_known_at = factory.SelfAttribute("detected_at")
    peak_1, peak_2 = 162.0, 94.0
    value_1, value_2 = 158.5, 92.0
    count, n, days = 14, 14, 7


class EpisodeNoteFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = EpisodeNote

    episode = factory.SubFactory(AlertEpisodeFactory)
    note = factory.SubFactory(NoteFactory, patient=factory.SelfAttribute("..episode.patient"))


class AlertStepFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = AlertStep

    episode = factory.SubFactory(AlertEpisodeFactory)
    patient = factory.SelfAttribute("episode.patient")
    kind = "acknowledge"
    by = factory.SubFactory(UserFactory)
    at = factory.LazyFunction(timezone.now)


class PatientReviewFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = PatientReview

    patient = factory.SubFactory(PatientFactory)
    by = factory.SubFactory(UserFactory)
    at = factory.LazyFunction(timezone.now)
    through = factory.SelfAttribute("at")


class ExpectedReadingsFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ExpectedReadings

    patient = factory.SubFactory(PatientFactory)
    metrics = ("weight",)
    by = factory.SubFactory(UserFactory)


class MeasuringPauseFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = MeasuringPause

    patient = factory.SubFactory(PatientFactory)
    first_day = dt.date(2026, 12, 1)
    last_day = dt.date(2026, 12, 8)
    reason = "On holiday"
    by = factory.SubFactory(UserFactory)


class AlertRuleChangeFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = AlertRuleChange

    patient = factory.SubFactory(PatientFactory)
    rule = "bp_severe"
    changes = factory.LazyFunction(lambda: {"above": {"value_1": 190, "value_2": 125}})
    by = factory.SubFactory(UserFactory)


class PresetChangeFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = PresetChange

    patient = factory.SubFactory(PatientFactory)
    conditions = ("hypertension",)
    at = factory.LazyFunction(timezone.now)


class PresetConfirmationFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = PresetConfirmation

    patient = factory.SubFactory(PatientFactory)
    conditions = ("hypertension",)
    by = factory.SubFactory(UserFactory)


class BacktestRunFactory(factory.django.DjangoModelFactory):
    """Of a person of the clinic."""

    class Meta:
        model = BacktestRun

    clinic = factory.SubFactory(ClinicFactory)
    by = factory.SubFactory(UserFactory)
    rule = "bp_severe"
    change = factory.LazyFunction(lambda: {"values": {}, "is_chosen": False})
    figures = factory.LazyFunction(lambda: {name: {"episodes": 0, "patients": 0} for name in ("now", "new")})


class ExclusionEventFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ExclusionEvent

    measurement = factory.SubFactory(MeasurementFactory)
    patient = factory.SelfAttribute("measurement.patient")
    reason = "Bad measurement (cuff, posture, movement)"
    by = factory.SubFactory(UserFactory)
    at = factory.LazyFunction(timezone.now)


class AlertNotificationFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = AlertNotification

    episode = factory.SubFactory(AlertEpisodeFactory)
    patient = factory.SelfAttribute("episode.patient")
    next_at = factory.LazyFunction(timezone.now)


class AlertMessageFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = AlertMessage

    to = factory.SubFactory(UserFactory)


class AlertMessageItemFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = AlertMessageItem

    message = factory.SubFactory(AlertMessageFactory)
    notification = factory.SubFactory(AlertNotificationFactory)
    stage = "responsible"


class NotificationSettingsFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = NotificationSettings

    clinic = factory.SubFactory(ClinicFactory)
