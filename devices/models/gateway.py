from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper
from django.utils import timezone

from devices.hardware_ids import format_hardware_id, is_gateway_id
from devices.statuses import DeviceState
from patients.models import Patient

if TYPE_CHECKING:
    from patients.models import User

# signal: "30 or above excellent, 10 or below poor" (the vendor's recipe, no unit given)
EXCELLENT_SIGNAL, POOR_SIGNAL = 30, 10
WHITELIST_CONFIRMED = "CO"  # of the vendor's `whitelist_status`
WHITELIST_LABELS = {WHITELIST_CONFIRMED: "Confirmed", "RE": "Asked for, not confirmed"}


class GatewayQuerySet(models.QuerySet["Gateway"]):
    def visible_to(self, user: User) -> GatewayQuerySet:
        """Of own clinics' patients."""
        own = Gateway.objects.filter(devices__patient__in=Patient.objects.visible_to(user))
        return self.filter(pk__in=own.order_by().values("pk"))

    def in_use(self) -> GatewayQuerySet:
        """On which a device is linked, and about which the vendor can be asked: an IMEI is no gateway."""
        linked = Gateway.objects.filter(devices__state__in=DeviceState.linked()).order_by().values("pk")
        return self.filter(hardware_uuid__iregex="^[0-9a-f]{12}$", pk__in=linked)

    def status_due(self) -> GatewayQuerySet:
        """To be asked about now, in the background."""
        return self.filter(status_due_at__lte=timezone.now())

    def lookup_requested(self) -> GatewayQuerySet:
        """Gateways whose status a user has asked for."""
        return self.filter(lookup_requested_at__isnull=False)


@dataclass(frozen=True)
class WhitelistEntry:
    """A sensor on a gateway's whitelist: readings of others it must not take. `since`: its last change."""

    sensor_code: str
    mac_address: str
    status: str
    since: dt.datetime | None

    @property
    def confirmed(self) -> bool:
        return self.status == WHITELIST_CONFIRMED

    @property
    def status_label(self) -> str:
        return WHITELIST_LABELS.get(self.status, self.status)

    @property
    def tone(self) -> str:
        """Of its badge."""
        return "ok" if self.confirmed else "warn"


class Gateway(models.Model):
    """The cellular gateway at home (12 hex digits), or a direct-cellular device's own modem (IMEI)."""

    public_id = models.UUIDField(unique=True, editable=False, default=uuid.uuid4, db_default=RandomUUID())
    hardware_uuid = models.CharField("gateway ID or IMEI", max_length=255, unique=True)
    firmware_version = models.CharField(max_length=255, blank=True)
    bootloader_version = models.CharField(max_length=255, blank=True)
    provisioned = models.BooleanField(null=True, blank=True)
    signal_strength = models.SmallIntegerField(null=True, blank=True, help_text="30 or more excellent, 10 or less poor")
    last_checkin_at = models.DateTimeField(null=True, blank=True)
    last_measurement_at = models.DateTimeField(null=True, blank=True)
    shipped_at = models.DateTimeField(null=True, blank=True)
    assigned_at = models.DateTimeField(null=True, blank=True)
    whitelist = models.JSONField(default=list, blank=True)
    fetched_at = models.DateTimeField("listed by the vendor", null=True, blank=True)
    # The vendor is asked about each gateway by itself, once a night, and when a person wants to know now.
    status_fetched_at = models.DateTimeField("status read from the vendor", null=True, blank=True)
    status_due_at = models.DateTimeField("to be asked about at", null=True, blank=True)
    status_attempts = models.PositiveSmallIntegerField(default=0)
    status_problem = models.CharField("why nothing newer is known", max_length=200, blank=True)
    lookup_requested_at = models.DateTimeField("a person has asked at", null=True, blank=True)

    objects = GatewayQuerySet.as_manager()

    class Meta:
        ordering = ("hardware_uuid",)
        constraints = (models.CheckConstraint(condition=~Q(hardware_uuid=""), name="gateway_has_id"),)
        indexes = (
            models.Index(fields=("status_due_at",), condition=Q(status_due_at__isnull=False), name="gateway_to_ask"),
            models.Index(
                fields=("lookup_requested_at",),
                condition=Q(lookup_requested_at__isnull=False),
                name="gateway_looked_for",
            ),
            models.Index(Upper("hardware_uuid"), name="gateway_by_printed_id"),  # of `iexact`
        )

    def __str__(self) -> str:
        return self.printed_id

    @property
    def printed_id(self) -> str:
        return format_hardware_id(self.hardware_uuid)

    @property
    def is_modem(self) -> bool:
        """Part of a device that sends by itself. The vendor has no status of it."""
        return not is_gateway_id(self.hardware_uuid.upper())

    @property
    def signal_label(self) -> str:
        if self.signal_strength is None:
            return ""
        if self.signal_strength >= EXCELLENT_SIGNAL:
            return "excellent"
        return "poor" if self.signal_strength <= POOR_SIGNAL else "fair"

    @property
    def whitelist_entries(self) -> list[WhitelistEntry]:
        """Its whitelist, as last read."""
        return [parse_whitelist_entry(row) for row in self.whitelist if isinstance(row, dict)]


def parse_whitelist_entry(row: dict[str, str | None]) -> WhitelistEntry:
    since = row.get("modified") or row.get("created")
    return WhitelistEntry(
        sensor_code=row.get("sensor_code") or "",
        mac_address=row.get("mac_address") or "",
        status=row.get("whitelist_status") or "",
        since=dt.datetime.fromisoformat(since) if since else None,
    )
