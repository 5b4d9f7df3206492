from __future__ import annotations

from django.db import models
from django.db.models import Q

ORDERABLE = Q(listed=True, deprecated=False, virtual=False)
NOT_STATED = "not stated"


class DeviceTypeQuerySet(models.QuerySet["DeviceType"]):
    def orderable(self) -> DeviceTypeQuerySet:
        return self.filter(ORDERABLE)

    def shippable(self) -> DeviceTypeQuerySet:
        """Those for a kit: a sensor ID can be typed only where the device is activated on site."""
        return self.orderable().filter(sensor_id_required=False)


class DeviceType(models.Model):
    """One row of the account's catalogue at the vendor (`/hwi/hwi-device-types/`), synced at start and nightly."""

    ORDERABLE = ORDERABLE

    vendor_id = models.UUIDField(unique=True, null=True, blank=True)
    name = models.CharField(max_length=255, unique=True, help_text="Sent to the vendor exactly so.")
    sensor_code = models.CharField(max_length=8, blank=True, help_text="Empty for direct-cellular devices.")
    sensor_id_required = models.BooleanField(default=False)
    metrics = models.JSONField(default=list, blank=True)
    image = models.CharField(max_length=1000, blank=True)
    client_sku = models.CharField(max_length=255, blank=True)
    stock_type = models.CharField(max_length=16, blank=True)
    up_front_cost = models.DecimalField("up-front cost, USD", max_digits=10, decimal_places=2, null=True, blank=True)
    shipping_cost = models.DecimalField("shipping cost, USD", max_digits=10, decimal_places=2, null=True, blank=True)
    monthly_cost = models.DecimalField("monthly cost, USD", max_digits=10, decimal_places=2, null=True, blank=True)
    in_stock = models.BooleanField(default=True)
    virtual = models.BooleanField(default=False)
    deprecated = models.BooleanField(default=False)
    listed = models.BooleanField("in the catalogue", default=True)
    synced_at = models.DateTimeField(null=True, blank=True)

    objects = DeviceTypeQuerySet.as_manager()

    class Meta:
        ordering = ("name",)
        constraints = (models.CheckConstraint(condition=~Q(name=""), name="device_type_named"),)

    def __str__(self) -> str:
        return self.name

    @property
    def family(self) -> str:
        """What counts as "the same kind of device" for one patient: the sensor code, or the name where it has none."""
        return self.sensor_code or self.name

    @property
    def orderable(self) -> bool:
        return self.listed and not self.deprecated and not self.virtual

    @property
    def cellular(self) -> bool:
        """Sends by itself and is known by its IMEI; no gateway. Inferred: only gateway devices have a sensor code."""
        return not self.sensor_code and not self.virtual

    @property
    def metric_labels(self) -> list[str]:
        """What it measures, in the vendor's words."""
        entries = [entry for entry in self.metrics if isinstance(entry, dict)]
        names = (entry.get("unified_display_name") or entry.get("primary_display_name") for entry in entries)
        return [str(name or entry.get("name", "")) for name, entry in zip(names, entries, strict=True)]

    @property
    def stated_costs(self) -> dict[str, str]:
        """As the vendor states them: "$45.00". An empty price and 0.00 are not stated."""
        costs = {"up_front": self.up_front_cost, "shipping": self.shipping_cost, "monthly": self.monthly_cost}
        return {name: f"${cost:,.2f}" if cost else NOT_STATED for name, cost in costs.items()}

    @property
    def availability(self) -> str:
        if not self.listed:
            return "No longer listed"
        if self.deprecated:
            return "Deprecated"
        if self.virtual:
            return "Virtual, not a device"
        return "In stock" if self.in_stock else "Not in stock"

    @property
    def availability_tone(self) -> str:
        return "idle" if not self.orderable else "ok" if self.in_stock else "warn"
