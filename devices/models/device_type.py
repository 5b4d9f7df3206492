from __future__ import annotations

from django.db import models
from django.db.models import Q


class DeviceTypeQuerySet(models.QuerySet["DeviceType"]):
    def orderable(self) -> DeviceTypeQuerySet:
        return self.filter(listed=True, deprecated=False, virtual=False)

    def shippable(self) -> DeviceTypeQuerySet:
        """Those for a kit: a sensor ID can be typed only where the device is activated on site."""
        return self.orderable().filter(sensor_id_required=False)


class DeviceType(models.Model):
    """One row of the account's catalogue at the vendor (`/hwi/hwi-device-types/`), synced at start and nightly."""

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
        """Sends by itself and is known by its IMEI; no gateway."""
        return not self.sensor_code
