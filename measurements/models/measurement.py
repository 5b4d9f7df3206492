from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Case, F, Max, Min, Q, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from devices.models import Device
from measurements.meal_contexts import stated_meal_context
from patients.models import Patient

from .metric import METRICS_OF_ONE_VALUE, Metric
from .reading_rules import COUNTED, CREDIBLE, EVALUABLE, INCLUDED, TRUSTED
from .reading_times import CLOCK_RESET_AFTER, IDENTITY_TIME, LATE_AFTER_HOURS, arrived_later_than

EARLIEST_TAKEN_AT = dt.datetime(2015, 1, 1, tzinfo=dt.UTC)
LATEST_TAKEN_AT = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)  # a fixed bound for the database; ingest allows now + 24 h


class TimeSource(models.TextChoices):
    TIMESTAMP = "timestamp", "taken"
    CREATED = "created", "created (old payload)"


class MeasurementSource(models.TextChoices):
    WEBHOOK = "webhook", "Webhook"
    PULL = "pull", "Pulled"


class BeyondMeter(models.TextChoices):
    """A value outside what the meter measures is not known, only its side."""

    ABOVE = "above", "above the meter's range"
    BELOW = "below", "below the meter's range"


class MeasurementQuerySet(models.QuerySet["Measurement"]):
    def between(self, start: dt.datetime | None, end: dt.datetime) -> MeasurementQuerySet:
        """Taken at or after `start` and before `end`, which are instants: the caller converts patient-local days."""
        rows = self.filter(taken_at__lt=end)
        return rows.filter(taken_at__gte=start) if start else rows

    def taken_with(self, reading: Measurement) -> MeasurementQuerySet:
        """What the device stamped with the same second, with the reading itself: so conflicts are found, too."""
        return self.filter(patient=reading.patient_id, device=reading.device_id, identity_at=reading.identity_at)

    def first_taken_at(self) -> dt.datetime | None:
        """Without readings of a reset clock that lie more than a year before the next reading."""
        found = self.aggregate(any=Min("taken_at"), first=Min("taken_at", filter=Q(clock_reset=False)))
        first: dt.datetime | None = found["first"]
        if first is None or first == found["any"]:
            return found["any"]
        older = self.filter(clock_reset=True, taken_at__lt=first).order_by("-taken_at")
        for taken_at in older.values_list("taken_at", flat=True).iterator():
            if first - taken_at > CLOCK_RESET_AFTER:
                break
            first = taken_at
        return first

    def newest_id_of(self, patient_id: uuid.UUID) -> int:
        """Of what is stored of the patient, 0 without any; `+ 0` has the database read the patient's rows only."""
        found: int | None = self.filter(patient=patient_id).aggregate(newest=Max(F("pk") + 0))["newest"]
        return found or 0

    def included(self) -> MeasurementQuerySet:
        return self.filter(INCLUDED.condition)

    def left_out(self) -> MeasurementQuerySet:
        """Excluded by a person, or a test of the meter: the opposite of `included`."""
        return self.exclude(INCLUDED.condition)

    def counted(self) -> MeasurementQuerySet:
        return self.filter(COUNTED.condition)

    def doubtful(self) -> MeasurementQuerySet:
        """In conflict or implausible: to be checked, and in no average."""
        return self.counted().filter(Q(conflict=True) | Q(implausible=True))

    def with_value(self) -> MeasurementQuerySet:
        """Without those beyond the meter."""
        return self.filter(value_1__isnull=False)

    def beyond_meter(self) -> MeasurementQuerySet:
        return self.filter(beyond_meter__in=BeyondMeter.values)

    def marked(self) -> MeasurementQuerySet:
        """With a quality flag or an exclusion, which is shown beside the reading."""
        flags = ("estimated", "conflict", "duplicate", "implausible", "control", "late", "clock_reset")
        other = Q(time_source=TimeSource.CREATED) | Q(stamped_at__isnull=False) | Q(excluded_at__isnull=False)
        return self.filter(Q(*((flag, True) for flag in flags), other, _connector=Q.OR))

    def credible(self) -> MeasurementQuerySet:
        return self.filter(CREDIBLE.condition)

    def trusted(self) -> MeasurementQuerySet:
        return self.filter(TRUSTED.condition)


class Measurement(models.Model):
    """A reading: one value (or pair) that a device took. Its clinical fields are never overwritten.

    Units are the vendor's: mmHg, beats/min, lb, mg/dL, %, °F. Identity: `measurement_kept_once`.
    """

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="measurements", db_index=False)
    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="measurements", db_index=False)
    metric = models.ForeignKey(Metric, on_delete=models.PROTECT, related_name="+", db_index=False)
    taken_at = models.DateTimeField(help_text="by the device's clock; may be days before it arrives")
    # Of a device whose clock is ahead: `taken_at` is then reckoned from our receipt (`ingest.placement`).
    stamped_at = models.DateTimeField("stamp of a device clock that is ahead", null=True, blank=True)
    identity_at = models.GeneratedField(
        verbose_name="stamp in whole seconds",
        expression=IDENTITY_TIME,
        output_field=models.DateTimeField(),
        db_persist=True,
    )
    index = models.IntegerField("measurement index", default=0)
    value_1 = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    value_2 = models.DecimalField(max_digits=12, decimal_places=2, null=True, blank=True)
    beyond_meter = models.CharField("beyond the meter", max_length=5, choices=BeyondMeter, blank=True, default="")
    # Source of the reading.
    time_source = models.CharField(max_length=9, choices=TimeSource, default=TimeSource.TIMESTAMP)
    estimated = models.BooleanField("time estimated by the vendor", default=False)
    timezone_offset = models.SmallIntegerField("offset from UTC, hours", null=True, blank=True)
    vendor_created_at = models.DateTimeField("received by the vendor", null=True, blank=True)
    received_at = models.DateTimeField("received here", default=timezone.now)
    source = models.CharField(max_length=8, choices=MeasurementSource, default=MeasurementSource.WEBHOOK)
    raw_metric = models.CharField(max_length=64, blank=True)
    hardware_uuid = models.CharField(max_length=255, blank=True)
    sensor_code = models.CharField(max_length=255, blank=True)
    filter_params = models.JSONField(default=dict, blank=True)
    delivery_id = models.BigIntegerField(null=True, blank=True)
    # Quality flags that a clinician must know.
    conflict = models.BooleanField(default=False)
    duplicate = models.BooleanField("probable duplicate", default=False)
    implausible = models.BooleanField(default=False)
    control = models.BooleanField("control solution", default=False)
    late = models.GeneratedField(
        verbose_name=f"came over {LATE_AFTER_HOURS} h late",
        expression=arrived_later_than(f"{LATE_AFTER_HOURS} hours"),
        output_field=models.BooleanField(),
        db_persist=True,
    )
    clock_reset = models.GeneratedField(  # no device stores a reading for a year
        verbose_name="stamped over a year before it arrived",
        expression=arrived_later_than(f"{CLOCK_RESET_AFTER.days} days"),
        output_field=models.BooleanField(),
        db_persist=True,
    )
    excluded_at = models.DateTimeField(null=True, blank=True)
    excluded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    excluded_reason = models.CharField(max_length=200, blank=True)

    objects = MeasurementQuerySet.as_manager()

    class Meta:
        ordering = ("-taken_at", "-pk")
        verbose_name, verbose_name_plural = "reading", "readings"
        constraints = (
            # The vendor gives readings no id: resends, a second webhook and the nightly pull are refused here.
            models.UniqueConstraint(
                "device",
                "metric",
                "identity_at",
                "index",
                Coalesce("value_1", Decimal(0)),
                "beyond_meter",
                # The value_2 of a metric of one value is a filler or a deviation: no second reading.
                Case(
                    When(metric__in=METRICS_OF_ONE_VALUE, then=Value(Decimal(0))),
                    default=Coalesce("value_2", Decimal(0)),
                    output_field=models.DecimalField(max_digits=12, decimal_places=2),
                ),
                name="measurement_kept_once",
            ),
            models.CheckConstraint(
                condition=Q(taken_at__gte=EARLIEST_TAKEN_AT, taken_at__lt=LATEST_TAKEN_AT),
                name="measurement_taken_at_possible",
            ),
            models.CheckConstraint(
                condition=Q(stamped_at__isnull=True) | Q(stamped_at__gt=F("taken_at"), stamped_at__lt=LATEST_TAKEN_AT),
                name="measurement_stamped_ahead",
            ),
            models.CheckConstraint(
                condition=Q(value_1__gte=-999_999, value_1__lte=999_999), name="measurement_value_1_is_a_number"
            ),
            # So that no average, chart or comparison can take an invented number for a value beyond the meter.
            models.CheckConstraint(
                condition=Q(value_1__isnull=False, beyond_meter="")
                | Q(value_1__isnull=True, beyond_meter__in=BeyondMeter.values),
                name="measurement_value_known_or_beyond_meter",
            ),
            models.CheckConstraint(
                condition=Q(value_2__isnull=True) | Q(value_2__gte=-999_999, value_2__lte=999_999),
                name="measurement_value_2_is_a_number",
            ),
            models.CheckConstraint(
                condition=~Q(metric="blood_pressure") | Q(value_2__isnull=False), name="measurement_bp_has_diastolic"
            ),
            models.CheckConstraint(
                condition=Q(excluded_at__isnull=True) | ~Q(excluded_reason=""), name="measurement_excluded_with_reason"
            ),
            models.CheckConstraint(condition=Q(source__in=MeasurementSource.values), name="measurement_source_known"),
            models.CheckConstraint(condition=Q(time_source__in=TimeSource.values), name="measurement_time_known"),
        )
        indexes = (
            # Charts are index-only scans of this one.
            models.Index(
                fields=("patient", "metric", "taken_at"),
                include=(
                    "id",
                    "value_1",
                    "value_2",
                    "index",
                    "device",
                    "estimated",
                    "conflict",
                    "duplicate",
                    "implausible",
                    "control",
                    "late",
                    "excluded_at",
                    "stamped_at",
                    "clock_reset",
                ),
                name="measurement_for_chart",
            ),
            # Rare values that the admin filters by.
            models.Index(fields=("-id",), condition=Q(conflict=True), name="measurement_in_conflict"),
            models.Index(fields=("-id",), condition=Q(duplicate=True), name="measurement_duplicate"),
            models.Index(fields=("-id",), condition=Q(implausible=True), name="measurement_implausible"),
            models.Index(fields=("-id",), condition=Q(control=True), name="measurement_control"),
            models.Index(
                fields=("patient", "taken_at"),
                condition=Q(beyond_meter__in=BeyondMeter.values),
                name="measurement_beyond_meter",
            ),
            # Few or none: readings of legacy payloads (`ingest.legacy_payloads`).
            models.Index(fields=("device",), condition=Q(time_source="created"), name="measurement_old_payload"),
            # A minority, the only ones that a new reading may repeat under another time (`ingest.quality_flags`).
            models.Index(
                fields=("device", "metric", "identity_at"), condition=Q(estimated=True), name="measurement_estimated"
            ),
            # Of the few devices with a clock ahead; what comes later with the same stamp gets the same place in time.
            models.Index(
                fields=("device", "stamped_at"), condition=Q(stamped_at__isnull=False), name="measurement_clock_ahead"
            ),
        )
        triggers = (
            pgtrigger.Protect(
                name="clinical_facts_never_overwritten",
                operation=pgtrigger.Update,
                condition=pgtrigger.Condition(
                    "NEW.device_id IS DISTINCT FROM OLD.device_id "
                    # A reading whose time was unknown gets its time and then its patient, who had the device at it.
                    "OR (NEW.patient_id IS DISTINCT FROM OLD.patient_id "
                    "AND NOT (OLD.time_source = 'created' AND NEW.time_source = 'timestamp')) "
                    "OR NEW.metric_id IS DISTINCT FROM OLD.metric_id OR NEW.value_1 IS DISTINCT FROM OLD.value_1 "
                    "OR (OLD.value_2 IS NOT NULL AND NEW.value_2 IS DISTINCT FROM OLD.value_2) "
                    # The stamp never changes; the time taken changes once, when a stamp ahead of time gets its place.
                    "OR (OLD.time_source = 'timestamp' AND (NEW.taken_at IS DISTINCT FROM OLD.taken_at "
                    "OR NEW.stamped_at IS DISTINCT FROM OLD.stamped_at) AND NOT (OLD.stamped_at IS NULL "
                    "AND NEW.stamped_at IS NOT DISTINCT FROM OLD.taken_at))"
                ),
            ),
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
        )

    def __str__(self) -> str:
        return f"reading {self.pk}"

    @property
    def is_included(self) -> bool:
        return INCLUDED.holds_for(self)

    @property
    def is_evaluable(self) -> bool:
        return EVALUABLE.holds_for(self)

    @property
    def is_trusted(self) -> bool:
        return TRUSTED.holds_for(self)

    @property
    def meal_context(self) -> str:
        return stated_meal_context(self.filter_params)

    @property
    def clock_ahead(self) -> bool:
        """Stamped more than five minutes after we received it."""
        return self.stamped_at is not None
