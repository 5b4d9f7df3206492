from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils import timezone

from devices.models import Device, VendorCall
from devices.models.vendor_call import CallState
from devices.statuses import DeviceState


class ShippingTestQuerySet(models.QuerySet["ShippingTest"]):
    def devices(self) -> models.QuerySet[Device]:
        """Devices that these tests have made at the vendor: of no patient, and no unknown devices either."""
        return Device.objects.filter(vendor_calls__shipping_test__in=self)


class ShippingTest(models.Model):
    """A device that the clinic is to ship to a test patient, so that its shipping messages can be seen to arrive.

    The test patient is one at the vendor only; here there is none, so it is in no list and no figure.
    """

    call = models.OneToOneField(VendorCall, on_delete=models.PROTECT, related_name="shipping_test")
    deletion = models.OneToOneField(VendorCall, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField("begun", default=timezone.now)

    objects = ShippingTestQuerySet.as_manager()

    class Meta:
        ordering = ("-pk",)
        verbose_name = "shipping test"

    def __str__(self) -> str:
        return f"shipping test {self.pk}"

    @property
    def device(self) -> Device | None:
        return self.call.device

    @property
    def is_over(self) -> bool:
        """Nothing of it is left at the vendor, or nothing has been made there."""
        if self.device is not None:
            return not DeviceState(self.device.state).is_linked
        return self.call.state in CallState.without_effect()
