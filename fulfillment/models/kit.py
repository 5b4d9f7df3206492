"""Kit and KitItem: the order templates of a clinic."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from devices.models import DeviceType
from patients.models import Clinic
from patients.models.folded_name import FoldedNameModel
from patients.validators import validate_plain_text


class Kit(FoldedNameModel):
    """A clinic's order template: device types of the catalogue and their quantities."""

    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="kits")
    name = models.CharField(max_length=80, validators=[validate_plain_text])
    description = models.CharField(max_length=200, blank=True, validators=[validate_plain_text])
    without_gateway = models.BooleanField(
        default=False, help_text="For patients who have a gateway: its devices join that one."
    )
    active = models.BooleanField(default=True)

    class Meta:
        ordering = ("name",)
        constraints = (
            models.UniqueConstraint(
                fields=("clinic", "folded_name"),
                name="kit_name_once",
                violation_error_code="name",
                violation_error_message="Another kit of this clinic has this name.",
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def device_types(self) -> list[DeviceType]:
        """One entry for each device, so that a quantity of two is two entries."""
        return [item.device_type for item in self.items.all() for _ in range(item.quantity)]


class KitItem(models.Model):
    kit = models.ForeignKey(Kit, on_delete=models.CASCADE, related_name="items")
    device_type = models.ForeignKey(DeviceType, on_delete=models.PROTECT, related_name="+")
    quantity = models.PositiveSmallIntegerField(default=1, validators=[MinValueValidator(1), MaxValueValidator(5)])

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(fields=("kit", "device_type"), name="kit_item_once"),
            models.CheckConstraint(condition=Q(quantity__range=(1, 5)), name="kit_item_quantity_possible"),
        )

    def __str__(self) -> str:
        return f"{self.quantity} x {self.device_type}"
