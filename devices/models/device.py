from __future__ import annotations

import datetime as dt
import uuid
from typing import TYPE_CHECKING, Any

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeBoundary, RangeOperators
from django.db import models
from django.db.models import Count, F, Q
from django.utils import timezone

from devices.hardware_ids import extract_tracking_number, normalise_hardware_uuid
from devices.statuses import DeviceState
from patients.models import Patient
from patients.models.patient import can_see_patients
from patients.models.ranges import Int8Range, TstzRange

from .device_type import DeviceType
from .gateway import Gateway

if TYPE_CHECKING:
    from patients.models import User


class DeviceQuerySet(models.QuerySet["Device"]):
    def visible_to(self, user: User) -> DeviceQuerySet:
        return self.filter(patient__clinic__people=user) if can_see_patients(user) else self.none()

    def linked(self) -> DeviceQuerySet:
        """Billed by the vendor: not unlinked, not cancelled."""
        return self.exclude(state__in=DeviceState.not_linked())

    def counts_by_state(self) -> dict[str, int]:
        """Number of devices by state."""
        return dict(self.order_by().values_list("state").annotate(n=Count("pk")))

    def refresh_due(self) -> DeviceQuerySet:
        """A webhook named a new status, and the wait for more of them is over."""
        return self.filter(refresh_due_at__lte=timezone.now())

    def hardware_log_due(self) -> DeviceQuerySet:
        """Requested, or the hardware has changed: the vendor's log of it is to be read."""
        return self.filter(hardware_log_due_at__lte=timezone.now())


# Column: the field that it is computed from.
FOLDED_COLUMNS = {"folded_sensor_id": "sensor_id", "tracking_number": "tracking_link"}


class Device(models.Model):
    """One HWI device: a type, on a gateway, linked to a patient at the vendor. Its `hwi_id` is the only stable key."""

    hwi_id = models.UUIDField("HWI device id", unique=True)
    device_type = models.ForeignKey(DeviceType, on_delete=models.PROTECT, null=True, blank=True, related_name="devices")
    name = models.CharField(max_length=255)
    sensor_code = models.CharField(max_length=255, blank=True)
    sensor_id = models.CharField(max_length=255, blank=True)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, null=True, blank=True, related_name="devices")
    gateway = models.ForeignKey(Gateway, on_delete=models.PROTECT, null=True, blank=True, related_name="devices")
    state = models.CharField(max_length=16, choices=DeviceState, default=DeviceState.OTHER)
    state_since = models.DateTimeField(default=timezone.now)
    vendor_status = models.CharField("status in the vendor's words", max_length=255, blank=True)
    vendor_patient_id = models.CharField("patient in the vendor's words", max_length=255, blank=True)
    connected_on = models.DateTimeField(null=True, blank=True)
    unlinked_on = models.DateTimeField(null=True, blank=True)
    vendor_last_measurement = models.DateTimeField(null=True, blank=True)
    vendor_created = models.DateTimeField(null=True, blank=True)
    # Fulfillment, as last read from the vendor.
    shipping_code = models.CharField(max_length=8, blank=True)
    tracking_link = models.CharField(max_length=2000, blank=True)
    shipped_on = models.DateTimeField(null=True, blank=True)
    delivered_on = models.DateTimeField(null=True, blank=True)
    fulfilled = models.BooleanField(null=True, blank=True)
    invalid_address = models.TextField(blank=True)
    duplicate_at_address = models.BooleanField(default=False)
    client_notes = models.TextField(blank=True)
    fetched_at = models.DateTimeField("read from the vendor", null=True, blank=True)
    # A fulfillment webhook is a hint: shown as unconfirmed until the device is read again.
    unconfirmed_status = models.CharField(max_length=255, blank=True)
    unconfirmed_status_at = models.DateTimeField(null=True, blank=True)
    # Another hook of the account, to which alone it sends (the vendor's property `measurement_webhook_id`).
    pinned_webhook_id = models.CharField("pinned to the webhook", max_length=255, blank=True)
    # The vendor's property `step_goal`, in its own text. The watch takes it over with its next upload: then `synced`.
    step_goal = models.CharField(max_length=255, blank=True)
    step_goal_synced = models.BooleanField("step goal is on the watch", null=True, blank=True)
    step_goal_read_at = models.DateTimeField("step goal read from the vendor", null=True, blank=True)
    refresh_due_at = models.DateTimeField("read again at", null=True, blank=True)
    hardware_log_due_at = models.DateTimeField("the vendor's log of its hardware is read at", null=True, blank=True)
    # From our own readings.
    first_reading_at = models.DateTimeField(null=True, blank=True)
    last_reading_at = models.DateTimeField("last reading taken", null=True, blank=True)
    last_stamped_at = models.DateTimeField("newest stamp of a reading", null=True, blank=True)
    last_seen_at = models.DateTimeField("last heard of", null=True, blank=True)
    battery_percent = models.SmallIntegerField(null=True, blank=True)
    # What a person finds it by, see FOLDED_COLUMNS.
    folded_sensor_id = models.CharField(max_length=255, blank=True, editable=False)
    tracking_number = models.CharField(max_length=64, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    objects = DeviceQuerySet.as_manager()

    class Meta:
        ordering = ("name", "pk")
        constraints = (
            models.CheckConstraint(condition=Q(state__in=DeviceState.values), name="device_state_known"),
            models.CheckConstraint(
                condition=Q(battery_percent__isnull=True) | Q(battery_percent__range=(0, 100)),
                name="device_battery_possible",
            ),
        )
        indexes = (
            models.Index(
                fields=("refresh_due_at",), condition=Q(refresh_due_at__isnull=False), name="device_to_reread"
            ),
            models.Index(
                fields=("hardware_log_due_at",), condition=Q(hardware_log_due_at__isnull=False), name="device_swaps_due"
            ),
            models.Index(
                fields=("step_goal_read_at",), condition=Q(step_goal_synced=False), name="device_goal_to_reread"
            ),
            models.Index(fields=("state",), name="device_by_state"),
            models.Index(fields=("folded_sensor_id",), condition=~Q(folded_sensor_id=""), name="device_by_sensor_id"),
            models.Index(
                fields=("tracking_number",), condition=~Q(tracking_number=""), name="device_by_tracking_number"
            ),
        )

    def __str__(self) -> str:
        return f"{self.name} {str(self.hwi_id)[:8]}"

    def save(self, **how: Any) -> None:
        self.folded_sensor_id = normalise_hardware_uuid(self.sensor_id)
        self.tracking_number = extract_tracking_number(self.tracking_link)
        if how.get("update_fields") is not None:
            saved = set(how["update_fields"])
            how["update_fields"] = saved | {column for column, source in FOLDED_COLUMNS.items() if source in saved}
        super().save(**how)

    @property
    def hardware_uuid(self) -> str:
        return self.gateway.hardware_uuid if self.gateway else ""

    @property
    def is_linked(self) -> bool:
        return DeviceState(self.state).is_linked

    @property
    def state_label(self) -> str:
        """The vendor's own text where it is none of our states."""
        return (self.state == DeviceState.OTHER and self.vendor_status) or DeviceState(self.state).label

    @property
    def family(self) -> str:
        return self.sensor_code.split("-", 1)[0] or self.name

    @property
    def unconfirmed(self) -> bool:
        return self.unconfirmed_status_at is not None and (
            self.fetched_at is None or self.fetched_at < self.unconfirmed_status_at
        )


class AssignmentQuerySet(models.QuerySet["Assignment"]):
    def open(self) -> AssignmentQuerySet:
        return self.filter(ended_at__isnull=True)

    def active_at(self, time: dt.datetime) -> AssignmentQuerySet:
        began = Q(started_at__isnull=True) | Q(started_at__lte=time)
        return self.filter(began & (Q(ended_at__isnull=True) | Q(ended_at__gt=time)))


class Assignment(models.Model):
    """Who held a device, from when (empty: since ever) to when (empty: still). Readings find their patient here."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    device = models.ForeignKey(Device, on_delete=models.PROTECT, related_name="assignments")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="assignments")
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    vendor_patient_id = models.CharField(
        max_length=255, blank=True, help_text="what the vendor calls the holder, where a person has said who that is"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    objects = AssignmentQuerySet.as_manager()

    class Meta:
        ordering = ("device", F("started_at").asc(nulls_first=True))
        constraints = (
            ExclusionConstraint(
                name="assignment_one_holder_at_a_time",
                expressions=[
                    (Int8Range("device_id", "device_id", models.Value("[]")), RangeOperators.OVERLAPS),
                    (TstzRange("started_at", "ended_at", RangeBoundary()), RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(
                condition=Q(started_at__isnull=True) | Q(ended_at__isnull=True) | Q(ended_at__gte=F("started_at")),
                name="assignment_ends_after_start",
            ),
        )
        indexes = (models.Index(fields=("patient", "ended_at"), name="assignment_by_patient"),)

    def __str__(self) -> str:
        return f"assignment {self.pk}"

    def is_active_at(self, time: dt.datetime) -> bool:
        began = self.started_at is None or self.started_at <= time
        return began and (self.ended_at is None or time < self.ended_at)
