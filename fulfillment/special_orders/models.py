"""SpecialOrder: orders at the vendor that are no kit orders. StockItem: what bulk orders brought to the clinic."""

from __future__ import annotations

import uuid

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Case, Exists, OuterRef, Q, Value, When
from django.utils import timezone

from devices.gateway_holders import STATES_NOT_IN_USE
from devices.hardware_ids import format_hardware_id
from devices.models import Device
from fulfillment.models import LineStatus, OrderKind, OrderLine
from patients.models import Clinic, Patient, User

FAILED_ACTIVATIONS = (LineStatus.REJECTED, LineStatus.ABANDONED, LineStatus.CANCELLED)


class SpecialOrderQuerySet(models.QuerySet["SpecialOrder"]):
    def visible_to(self, user: User) -> SpecialOrderQuerySet:
        """Bulk, demo and supply orders name no patient: they are of all clinics, until one is assigned to a clinic."""
        clinics = user.clinics.all()
        without_patient = Q(patient__isnull=True) & (Q(clinic__isnull=True) | Q(clinic__in=clinics))
        return self.filter(without_patient | Q(patient__clinic__in=clinics))


class SpecialOrder(models.Model):
    """Demo, bulk, supply, replacement or return-label order, as webhooks and the list of bulk orders report it.

    The newest report wins: by `updated_on` of a webhook, `modified` of the list.
    """

    class Type(models.TextChoices):
        DEMO = "DE", "Demo"
        BULK = "BU", "Bulk"
        SUPPLIES = "SU", "Supplies"
        REPLACEMENT = "RE", "Replacement"
        RETURN_LABEL = "RL", "Return label"

    request_id = models.CharField(max_length=255, unique=True)
    order_number = models.CharField(max_length=255, blank=True)
    order_type = models.CharField("type in the vendor's words", max_length=32, blank=True)
    status = models.CharField("status in the vendor's words", max_length=255, blank=True)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, null=True, blank=True, related_name="special_orders")
    clinic = models.ForeignKey(
        Clinic, on_delete=models.PROTECT, null=True, blank=True, related_name="+", help_text="whose stock it fills"
    )
    client_device_id = models.CharField("HWI device id", max_length=255, blank=True)
    hardware_uuid = models.CharField(max_length=255, blank=True)
    tracking_link = models.CharField(max_length=2000, blank=True)
    contents = models.JSONField(default=list, blank=True)
    manifest = models.JSONField(default=dict, blank=True, help_text="an object in webhooks, a list of sections else")
    requested_by = models.CharField(max_length=255, blank=True)
    ship_to = models.CharField("shipped to", max_length=255, blank=True)
    created_on = models.DateTimeField(null=True, blank=True)
    updated_on = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField(default=timezone.now)

    objects = SpecialOrderQuerySet.as_manager()

    class Meta:
        ordering = ("-received_at",)
        indexes = (
            models.Index(
                models.F("updated_on").desc(nulls_last=True), models.F("id").desc(), name="special_order_newest"
            ),
        )
        constraints = (models.CheckConstraint(condition=~Q(request_id=""), name="special_order_has_id"),)

    def __str__(self) -> str:
        return f"special order {self.order_number or self.pk}"

    @property
    def type_label(self) -> str:
        known = self.order_type in self.Type.values
        return self.Type(self.order_type).label if known else f"Unknown ({self.order_type})"

    @property
    def content_lines(self) -> list[str]:
        """Each name after its quantity; what can't be read of them is left out."""
        lines = [each for each in self.contents if isinstance(each, dict)] if isinstance(self.contents, list) else []
        return [
            f"{each.get('quantity') or 1} \N{MULTIPLICATION SIGN} {each['name']}"
            for each in lines
            if isinstance(each.get("name"), str)
        ]

    @property
    def printed_gateway(self) -> str:
        return format_hardware_id(self.hardware_uuid)


class StockState(models.TextChoices):
    IN_STOCK = "in_stock", "In stock"
    ON_THE_WAY = "on_the_way", "On the way"
    USED = "used", "Given to a patient"
    REMOVED = "removed", "Taken out"


class StockItemQuerySet(models.QuerySet["StockItem"]):
    def visible_to(self, user: User) -> StockItemQuerySet:
        orders = SpecialOrder.objects.visible_to(user)
        return self.filter(Q(special_order=None) | Q(special_order__in=orders))

    def of_clinic(self, clinic_id: int) -> StockItemQuerySet:
        """Of the clinic's own bulk orders, of those that are assigned to none, and what was added by hand."""
        return self.filter(Q(special_order__clinic=None) | Q(special_order__clinic=clinic_id))

    def with_state(self) -> StockItemQuerySet:
        """Adds `state`: what was activated since the item came into stock has counted it down."""
        activations = OrderLine.objects.filter(
            order__kind=OrderKind.ACTIVATION, order__placed_at__gte=OuterRef("in_stock_since")
        ).exclude(status__in=FAILED_ACTIVATIONS)
        by_id = activations.filter(order__gateway_id=OuterRef("hardware_id"))
        linked = Device.objects.filter(gateway__hardware_uuid=OuterRef("hardware_id")).exclude(
            state__in=STATES_NOT_IN_USE
        )
        counted = activations.filter(pk=OuterRef("line"))
        arrived = Q(special_order=None) | Q(special_order__status__iexact="delivered")
        return self.annotate(
            state=Case(
                When(removed_at__isnull=False, then=Value(StockState.REMOVED)),
                When(~Q(hardware_id="") & (Exists(by_id) | Exists(linked)), then=Value(StockState.USED)),
                When(Exists(counted), then=Value(StockState.USED)),
                When(arrived, then=Value(StockState.IN_STOCK)),
                default=Value(StockState.ON_THE_WAY),
                output_field=models.CharField(),
            )
        )


class StockItem(models.Model):
    """A gateway, cellular device or loose device of a bulk order: on the way, in stock or given to a patient.

    A gateway that was packed as a kit has the names of the devices packed with it as `contents`. A loose device without
    an id of its own is counted down by the activation (`line`) of one of its kind.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    # None: added by a person, with a reason.
    special_order = models.ForeignKey(
        SpecialOrder, on_delete=models.PROTECT, related_name="stock_items", null=True, blank=True
    )
    hardware_id = models.CharField("gateway ID or IMEI", max_length=255, blank=True)
    name = models.CharField("device", max_length=255)
    contents = models.JSONField("packed with it", default=list, blank=True)
    number = models.PositiveIntegerField("number of loose device", default=0)
    in_stock_since = models.DateTimeField(default=timezone.now, help_text="activations before it don't count")
    removed_at = models.DateTimeField(null=True, blank=True)
    line = models.ForeignKey(
        OrderLine, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="activation"
    )

    state: str  # of `with_state`

    objects = StockItemQuerySet.as_manager()

    class Meta:
        ordering = ("name", "hardware_id", "number")
        constraints = (
            models.UniqueConstraint(fields=("hardware_id",), condition=~Q(hardware_id=""), name="stock_item_once"),
            models.UniqueConstraint(
                fields=("special_order", "name", "number"), condition=Q(hardware_id=""), name="stock_item_loose_once"
            ),
        )
        indexes = (models.Index(fields=("name", "id"), name="stock_item_by_name"),)

    def __str__(self) -> str:
        return f"stock item {str(self.pk)[:8]}"

    @property
    def printed_id(self) -> str:
        return format_hardware_id(self.hardware_id)

    @property
    def device_names(self) -> list[str]:
        """What can be activated with it."""
        return self.contents or [self.name]

    @property
    def state_label(self) -> str:
        """Of `with_state`."""
        return str(StockState(self.state).label)


class StockCorrection(models.Model):
    """A person's correction of the stock, with its reason. Never changed."""

    item = models.ForeignKey(StockItem, on_delete=models.PROTECT, related_name="corrections")
    in_stock = models.BooleanField("put into stock")
    reason = models.CharField(max_length=200)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-at", "-pk")
        constraints = (models.CheckConstraint(condition=~Q(reason=""), name="stock_correction_has_reason"),)
        triggers = (pgtrigger.Protect(name="stock_correction_is_final", operation=pgtrigger.Update | pgtrigger.Delete),)

    def __str__(self) -> str:
        return f"stock correction {self.pk}"
