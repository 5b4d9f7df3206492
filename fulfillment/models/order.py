"""Order and OrderLine, their QuerySets, and the condition of stuck lines."""

from __future__ import annotations

import datetime as dt
import uuid

from django.conf import settings
from django.db import models
from django.db.models import Case, Count, Exists, OuterRef, Q, Value, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from devices import step_durations
from devices.hardware_ids import format_hardware_id
from devices.models import Device, DeviceType, VendorCall
from patients.models import Patient, User
from patients.models.patient import CONTACT_COLUMNS, can_see_patients

from .kit import Kit
from .status import LineStatus


class OrderKind(models.TextChoices):
    DROPSHIP = "dropship", "Shipped by the vendor"
    CLINIC = "clinic", "Shipped by the clinic"
    ACTIVATION = "activation", "Handed over on site"


class Carrier(models.TextChoices):
    USPS = "usps", "USPS"
    UPS = "ups", "UPS"
    FEDEX = "fedex", "FedEx"
    DHL = "dhl", "DHL"
    COURIER = "courier", "Courier or visit"


class Urgency(models.IntegerChoices):
    """Sort order of the order list: stuck orders first, then open ones, then finished ones."""

    STUCK = 0, "Needs a person"
    OPEN = 1, "Open"
    FINISHED = 2, "Finished"


class OrderQuerySet(models.QuerySet["Order"]):
    def visible_to(self, user: User) -> OrderQuerySet:
        return self.filter(patient__clinic__people=user) if can_see_patients(user) else self.none()

    def with_urgency(self) -> OrderQuerySet:
        """Adds `urgency`, and `waiting_since`, which finished orders don't have."""
        lines = OrderLine.objects.filter(order=OuterRef("pk"))
        under_way = lines.filter(closed_at__isnull=True, closed_by__isnull=True, corrected_by__isnull=True)
        stuck = When(Exists(lines.stuck()), then=Value(Urgency.STUCK))
        is_open = When(Exists(under_way), then=Value(Urgency.OPEN))
        waiting_since = Case(When(urgency__lt=Urgency.FINISHED, then="placed_at"))
        with_urgency = self.annotate(urgency=Case(stuck, is_open, default=Urgency.FINISHED))
        return with_urgency.annotate(waiting_since=waiting_since)

    def count_by_urgency(self) -> dict[int, int]:
        """Of `with_urgency`."""
        return dict(self.order_by().values_list("urgency").annotate(count=Count("pk")))

    def for_list(self) -> OrderQuerySet:
        """Only the columns that the order list shows, an eighth of all the values."""
        lines = OrderLine.objects.select_related("device_type").order_by("call__created_at", "pk").with_stuck_kind()
        of_line = ("order_id", "status", "corrects_id", "closed_by_id", "device_id", "device_type__name")
        of_patient = ("patient__given_name", "patient__family_name")
        of_order = ("placed_at", "kind", "ship_gateway_only", "shipped_by_clinic", "kit__name", "placed_by__name")
        contact = (f"patient__{column}" for column in CONTACT_COLUMNS)
        return (
            self.select_related("patient", "kit", "placed_by")
            .only(*of_order, *of_patient, *contact)
            .prefetch_related(models.Prefetch("lines", lines.only(*of_line)))
        )

    def with_lines(self) -> OrderQuerySet:
        return self.select_related("patient", "patient__clinic", "kit", "placed_by").prefetch_related(
            models.Prefetch("lines", OrderLine.objects.for_pages())
        )


class Order(models.Model):
    """Devices that a coordinator ordered together. Its status is derived from its lines, worst first."""

    Kind = OrderKind

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=12, choices=OrderKind, default=OrderKind.DROPSHIP)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="orders")
    kit = models.ForeignKey(Kit, on_delete=models.PROTECT, null=True, blank=True, related_name="orders")
    # The form's own UUID, unique: a double click makes one order.
    submission_id = models.UUIDField(unique=True, default=uuid.uuid4)
    gateway_id = models.CharField("gateway ID or IMEI", max_length=255, blank=True, help_text="empty: one is shipped")
    ship_name = models.CharField(max_length=255, blank=True)
    ship_street = models.CharField(max_length=255, blank=True)
    ship_city = models.CharField(max_length=255, blank=True)
    ship_state = models.CharField(max_length=2, blank=True)
    ship_zip_code = models.CharField(max_length=10, blank=True)
    require_signature = models.BooleanField(default=False)
    ship_gateway_only = models.BooleanField("gateway alone", default=False, help_text="The patient has the device.")
    physician = models.CharField(max_length=255, blank=True, help_text="passed on to the vendor's fulfillment team")
    notify_emails = models.CharField(max_length=2048, blank=True, help_text="whom the vendor mails, comma-separated")
    note = models.CharField(max_length=200, blank=True, help_text="in the vendor's notes, beside our reference")
    # The clinic's own parcel: ours alone, the vendor's API takes neither.
    shipped_by_clinic = models.BooleanField(default=False)
    carrier = models.CharField(max_length=8, choices=Carrier, blank=True)
    tracking_number = models.CharField(max_length=64, blank=True)
    placed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="orders")
    placed_at = models.DateTimeField(default=timezone.now)

    objects = OrderQuerySet.as_manager()

    class Meta:
        ordering = ("-placed_at", "-pk")
        constraints = (
            models.CheckConstraint(condition=Q(kind__in=OrderKind.values), name="order_kind_known"),
            models.CheckConstraint(
                condition=~Q(kind=OrderKind.CLINIC, shipped_by_clinic=False)
                & ~Q(kind=OrderKind.DROPSHIP, shipped_by_clinic=True),
                name="order_shipped_by_clinic_fits_kind",
            ),
            models.CheckConstraint(
                condition=Q(ship_gateway_only=False) | Q(kind=OrderKind.DROPSHIP, gateway_id=""),
                name="order_ships_a_new_gateway_alone",
            ),
            models.CheckConstraint(condition=Q(carrier__in=["", *Carrier.values]), name="order_carrier_known"),
        )
        indexes = (
            models.Index(
                fields=("tracking_number",), condition=~Q(tracking_number=""), name="order_by_tracking_number"
            ),
            models.Index(fields=("gateway_id",), condition=~Q(gateway_id=""), name="order_by_gateway"),
            models.Index(fields=("patient", "-placed_at"), name="order_by_patient"),
            models.Index(fields=("-placed_at",), name="order_by_time"),
        )

    def __str__(self) -> str:
        return f"order {str(self.pk)[:8]}"

    @property
    def status(self) -> LineStatus:
        """Of the worst line. Lines that were corrected, or that a person closed and that are over at the vendor, count
        only if there are no others."""
        lines = list(self.lines.all())
        corrected = {line.corrects_id for line in lines}
        found = {line.status for line in lines if line.pk not in corrected and line.closed_by_id is None}
        found |= {LineStatus.CLOSED_HERE for line in lines if line.is_closed_here_only}
        nothing_left = LineStatus.ABANDONED if any(line.closed_by_id for line in lines) else LineStatus.CANCELLED
        return LineStatus(next((status for status in LineStatus.worst_first() if status in found), nothing_left))

    @property
    def title(self) -> str:
        """What was ordered, in a word or two."""
        if self.ship_gateway_only:
            return "Gateway alone"
        return self.kit.name if self.kit else "Activation"

    @property
    def on_site(self) -> bool:
        """Activated with hardware that is there already: nothing is ordered from the vendor."""
        return self.kind == OrderKind.ACTIVATION

    @property
    def printed_gateway(self) -> str:
        return format_hardware_id(self.gateway_id)


CLOSED_HERE_ONLY = Q(closed_by__isnull=False, corrected_by__isnull=True, device__isnull=False) & Q(
    status__in=LineStatus.open_at_vendor()
)
DEVICE_DATES = {state: f"device__{field}" for state, field in step_durations.VENDOR_DATES.items()}


def stuck_line_condition(now: dt.datetime) -> Q:
    """Of lines that a person has to act on: by their status, because they have not moved for longer than usual, or
    because they were closed here and live at the vendor."""
    return stuck_open_line_condition(now) | CLOSED_HERE_ONLY


def stuck_open_line_condition(now: dt.datetime) -> Q:
    late = step_durations.overdue_condition(now, state="status", since="status_at", vendor_dates=DEVICE_DATES)
    open_line = Q(closed_by__isnull=True, corrected_by__isnull=True)
    return open_line & (Q(status__in=LineStatus.stuck()) | late)


class OrderLineQuerySet(models.QuerySet["OrderLine"]):
    def visible_to(self, user: User) -> OrderLineQuerySet:
        return self.filter(patient__clinic__people=user) if can_see_patients(user) else self.none()

    def open(self) -> OrderLineQuerySet:
        return self.filter(closed_at__isnull=True)

    def stuck(self) -> OrderLineQuerySet:
        """Lines that a person has to act on: see `fulfillment.worklist.queries`."""
        return self.filter(stuck_line_condition(timezone.now()))

    def with_stuck_kind(self) -> OrderLineQuerySet:
        """Adds `stuck_kind`, a LineStatus or empty for a line that is not stuck, and `stuck_since`."""
        kind = Case(
            When(CLOSED_HERE_ONLY, then=Value(LineStatus.CLOSED_HERE)),
            When(stuck_open_line_condition(timezone.now()), then="status"),
            default=Value(""),
        )
        dated = [When(status=state, then=Coalesce(field, "status_at")) for state, field in DEVICE_DATES.items()]
        return self.annotate(
            stuck_kind=kind, stuck_since=Case(When(CLOSED_HERE_ONLY, then="closed_at"), *dated, default="status_at")
        )

    def for_pages(self) -> OrderLineQuerySet:
        """With the related rows that pages read, oldest call first."""
        related = ("device_type", "call__device__gateway", "closed_by", "corrected_by")
        return self.select_related(*related).order_by("call__created_at", "pk").with_stuck_kind()


class OrderLine(models.Model):
    """One device of an order."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    order = models.ForeignKey(Order, on_delete=models.PROTECT, related_name="lines")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="order_lines")
    device_type = models.ForeignKey(DeviceType, on_delete=models.PROTECT, related_name="+")
    family = models.CharField(max_length=255)
    nth = models.PositiveSmallIntegerField(default=1)
    call = models.OneToOneField(VendorCall, on_delete=models.PROTECT, related_name="line")
    device = models.ForeignKey(Device, on_delete=models.PROTECT, null=True, blank=True, related_name="lines")
    # As last written to the timeline; `fulfillment.tracking` updates it from the call and the device.
    status = models.CharField(max_length=16, choices=LineStatus, default=LineStatus.QUEUED)
    status_at = models.DateTimeField(default=timezone.now)
    corrects = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="corrected_by"
    )
    closed_at = models.DateTimeField(null=True, blank=True)
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    override_reason = models.CharField(max_length=200, blank=True)
    stuck_kind, stuck_since = "", None  # set by `with_stuck_kind`

    objects = OrderLineQuerySet.as_manager()

    class Meta:
        ordering = ("pk",)
        verbose_name = "ordered device"
        constraints = (
            models.UniqueConstraint(
                fields=("patient", "family", "nth"),
                condition=Q(closed_at__isnull=True, override_reason=""),
                name="line_one_open",
            ),
            models.CheckConstraint(condition=Q(status__in=LineStatus.values), name="line_status_known"),
            models.CheckConstraint(condition=Q(nth__gte=1), name="line_nth_counts_from_one"),
        )
        indexes = (models.Index(fields=("status",), condition=Q(closed_at__isnull=True), name="line_open_by_status"),)

    def __str__(self) -> str:
        return f"ordered device {str(self.pk)[:8]}"

    @property
    def is_closed_here_only(self) -> bool:
        """A person has closed it, and the vendor's order lives. As CLOSED_HERE_ONLY, of lines without a correction."""
        closed = self.closed_by_id is not None and self.device_id is not None
        return closed and self.status in LineStatus.open_at_vendor()
