from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib.postgres.functions import RandomUUID
from django.db import models
from django.db.models import Q
from django.utils import timezone

from devices.hardware_ids import as_printed, is_gateway_id
from devices.statuses import NOT_LINKED, DeviceState
from patients.models import Patient

if TYPE_CHECKING:
    from patients.models import User

EXCELLENT, POOR = 30, 10  # signal: "30 or above excellent, 10 or below poor" (the vendor's recipe, no unit given)
CONFIRMED = "CO"  # of `whitelist_status`; RE is requested
IN_USE = tuple(set(DeviceState) - set(NOT_LINKED))


class GatewayQuerySet(models.QuerySet["Gateway"]):
    def visible_to(self, user: User) -> GatewayQuerySet:
        """Of own clinics' patients."""
        own = Gateway.objects.filter(devices__patient__in=Patient.objects.visible_to(user))
        return self.filter(pk__in=own.order_by().values("pk"))

    def in_use(self) -> GatewayQuerySet:
        """On which a device is linked, and about which the vendor can be asked: an IMEI is no gateway."""
        linked = Gateway.objects.filter(devices__state__in=IN_USE).order_by().values("pk")
        return self.filter(hardware_uuid__iregex="^[0-9a-f]{12}$", pk__in=linked)

    def due(self) -> GatewayQuerySet:
        """To be asked about now, in the background."""
        return self.filter(ask_at__lte=timezone.now())

    def looked_for(self) -> GatewayQuerySet:
        """A person waits for what the vendor says."""
        return self.filter(look_asked_at__isnull=False)


@dataclass(frozen=True)
class Listed:
    """A sensor on a gateway's whitelist: readings of others it must not take. `since`: its last change."""

    sensor_code: str
    mac_address: str
    status: str
    since: dt.datetime | None

    @property
    def confirmed(self) -> bool:
        return self.status == CONFIRMED


class Gateway(models.Model):
    """The cellular box at home (12 hex digits), or a direct-cellular device's own modem (IMEI)."""

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
    read_at = models.DateTimeField("listed by the vendor", null=True, blank=True)
    # The vendor is asked about each gateway by itself, once a night, and when a person wants to know now.
    told_at = models.DateTimeField("told about by the vendor", null=True, blank=True)
    ask_at = models.DateTimeField("to be asked about at", null=True, blank=True)
    ask_attempts = models.PositiveSmallIntegerField(default=0)
    ask_problem = models.CharField("why nothing newer is known", max_length=200, blank=True)
    look_asked_at = models.DateTimeField("a person has asked at", null=True, blank=True)

    objects = GatewayQuerySet.as_manager()

    class Meta:
        ordering = ("hardware_uuid",)
        constraints = (models.CheckConstraint(condition=~Q(hardware_uuid=""), name="gateway_has_id"),)
        indexes = (
            models.Index(fields=("ask_at",), condition=Q(ask_at__isnull=False), name="gateway_to_ask"),
            models.Index(
                fields=("look_asked_at",), condition=Q(look_asked_at__isnull=False), name="gateway_looked_for"
            ),
        )

    def __str__(self) -> str:
        return self.printed_id

    @property
    def printed_id(self) -> str:
        return as_printed(self.hardware_uuid)

    @property
    def is_modem(self) -> bool:
        """Part of a device that sends by itself. The vendor tells nothing more about it."""
        return not is_gateway_id(self.hardware_uuid.upper())

    @property
    def signal_in_words(self) -> str:
        if self.signal_strength is None:
            return ""
        return "excellent" if self.signal_strength >= EXCELLENT else "poor" if self.signal_strength <= POOR else "fair"

    @property
    def listed(self) -> list[Listed]:
        """Its whitelist, as last told."""
        return [_listed(row) for row in self.whitelist if isinstance(row, dict)]


def _listed(row: dict[str, str | None]) -> Listed:
    since = row.get("modified") or row.get("created")
    return Listed(
        sensor_code=row.get("sensor_code") or "",
        mac_address=row.get("mac_address") or "",
        status=row.get("whitelist_status") or "",
        since=dt.datetime.fromisoformat(since) if since else None,
    )
