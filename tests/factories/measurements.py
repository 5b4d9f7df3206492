"""Readings, latest readings, patient summaries, metrics and thresholds."""

import datetime as dt
from decimal import Decimal

import factory
from django.utils import timezone

from measurements.adherence.models import DoseSchedule
from measurements.models import (
    DryWeight,
    LatestReading,
    Measurement,
    Metric,
    PatientSummary,
    ReadingNote,
    ThresholdChange,
)
from tests.factories.devices import DeviceFactory
from tests.factories.patients import NoteFactory, PatientFactory, UserFactory


class MetricFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Metric
        django_get_or_create = ("code",)

    code = "weight"
    label = factory.LazyAttribute(lambda metric: metric.code.replace("_", " ").capitalize())


class MeasurementFactory(factory.django.DjangoModelFactory):
    """Pass `code="pulse"` for another metric; blood pressure brings a diastolic value by itself."""

    class Meta:
        model = Measurement

    class Params:
        code = "weight"

    device = factory.SubFactory(DeviceFactory)
    patient = factory.SelfAttribute("device.patient")  # never a reading of someone else's device
    metric = factory.SubFactory(MetricFactory, code=factory.SelfAttribute("..code"))
    taken_at = factory.LazyFunction(lambda: timezone.now() - dt.timedelta(hours=1))
    value_1 = factory.LazyAttribute(lambda row: Decimal("128.00" if row.metric.pk == "blood_pressure" else "180.40"))
    value_2 = factory.LazyAttribute(lambda row: Decimal("82.00") if row.metric.pk == "blood_pressure" else None)
    raw_metric = factory.SelfAttribute("metric.code")


class ReadingNoteFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ReadingNote

    measurement = factory.SubFactory(MeasurementFactory)
    note = factory.SubFactory(NoteFactory, patient=factory.SelfAttribute("..measurement.patient"))


class LatestReadingFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = LatestReading

    measurement = factory.SubFactory(MeasurementFactory)
    patient = factory.SelfAttribute("measurement.patient")
    metric = factory.SelfAttribute("measurement.metric")
    taken_at = factory.SelfAttribute("measurement.taken_at")
    beyond_meter = factory.SelfAttribute("measurement.beyond_meter")
    value_1 = factory.SelfAttribute("measurement.value_1")
    value_2 = factory.SelfAttribute("measurement.value_2")


class PatientSummaryFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = PatientSummary
        django_get_or_create = ("patient",)

    patient = factory.SubFactory(PatientFactory)


class DryWeightFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = DryWeight

    patient = factory.SubFactory(PatientFactory)
    weight = Decimal("168.00")
    determined_on = dt.date(2026, 11, 3)
    by = factory.SubFactory(UserFactory)


class DoseScheduleFactory(factory.django.DjangoModelFactory):
    """8 AM and 8 PM."""

    class Meta:
        model = DoseSchedule

    device = factory.SubFactory(DeviceFactory, name="Tenovi Pillbox", sensor_code="21")
    patient = factory.SelfAttribute("device.patient")
    times = factory.LazyFunction(lambda: [dt.time(8), dt.time(20)])
    on_time_minutes = 60
    missed_after_minutes = 240
    starts_on = dt.date(2026, 11, 1)
    by = factory.SubFactory(UserFactory)


class ThresholdChangeFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ThresholdChange

    metric = factory.SubFactory(MetricFactory, code="blood_pressure")
    patient = factory.SubFactory(PatientFactory)
    before = (Decimal(70), Decimal(90), Decimal(130), Decimal(180))
    after = (Decimal(70), Decimal(90), Decimal(150), Decimal(190))
    by = factory.SubFactory(UserFactory)
