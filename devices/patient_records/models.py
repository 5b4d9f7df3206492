from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from patients.models import Patient


class AddressStatus(models.TextChoices):
    """What the vendor has found out about the address of a record. An empty answer is "not checked"."""

    NOT_CHECKED = "not_checked", "Not checked by the vendor"
    VERIFIED = "verified", "Verified by the vendor"
    INVALID = "invalid", "Not valid, says the vendor"


class PatientRecordQuerySet(models.QuerySet["PatientRecord"]):
    def reread_due(self) -> PatientRecordQuerySet:
        """To be read at the vendor now, longest due first."""
        return self.filter(reread_due_at__lte=timezone.now()).order_by("reread_due_at", "pk")


class PatientRecord(models.Model):
    """A patient's record at the vendor (`/hwi/hwi-patients/`): what it has confirmed to hold, and what it says about
    the address. What waits to be sent is the newest `VendorCall` of the kinds `CallKind.of_record`."""

    patient = models.OneToOneField(Patient, on_delete=models.PROTECT, related_name="vendor_record")
    # As in the payload of the call: {"fields": {name: value}, "cleared": [name]}.
    confirmed = models.JSONField(default=dict, blank=True)
    sent_fields = models.JSONField(default=list, blank=True, help_text="names of all fields that were ever filled")
    address_status = models.CharField(max_length=12, choices=AddressStatus, default=AddressStatus.NOT_CHECKED)
    address_verified_by = models.CharField(max_length=255, blank=True)
    # A person's choice for one address: a changed address is not covered by it.
    address_override = models.CharField(max_length=500, blank=True)
    override_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    override_at = models.DateTimeField(null=True, blank=True)
    answered_at = models.DateTimeField(null=True, blank=True)
    reread_due_at = models.DateTimeField(null=True, blank=True)

    objects = PatientRecordQuerySet.as_manager()

    class Meta:
        ordering = ("pk",)
        verbose_name = "patient's record at the vendor"
        verbose_name_plural = "patients' records at the vendor"
        constraints = (
            models.CheckConstraint(
                condition=Q(address_status__in=AddressStatus.values), name="record_address_status_known"
            ),
        )
        indexes = (
            models.Index(
                fields=("reread_due_at",), condition=Q(reread_due_at__isnull=False), name="record_to_read_again"
            ),
        )

    def __str__(self) -> str:
        return f"record of {self.patient_id}"
