from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils import timezone

from patients.models import Patient, User


class TimeApprovalQuerySet(models.QuerySet["TimeApproval"]):
    def valid(self) -> TimeApprovalQuerySet:
        return self.filter(withdrawn_at__isnull=True)


class TimeApproval(models.Model):
    """A billing practitioner's approval of a patient's time in a month. A later change of its sessions withdraws it."""

    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="time_approvals")
    month = models.DateField(help_text="Its first day, in the clinic's zone.")
    approved_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    approved_at = models.DateTimeField(default=timezone.now)
    withdrawn_at = models.DateTimeField("withdrawn", null=True, blank=True)
    withdrawn_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    withdrawn_reason = models.CharField("reason of the withdrawal", max_length=200, blank=True)

    objects = TimeApprovalQuerySet.as_manager()

    class Meta:
        ordering = ("-month", "-approved_at", "-pk")
        verbose_name = "approval of a month's time"
        verbose_name_plural = "approvals of a month's time"
        constraints = (
            models.UniqueConstraint(
                fields=("patient", "month"), condition=Q(withdrawn_at__isnull=True), name="time_approval_once"
            ),
            models.CheckConstraint(condition=Q(month__day=1), name="time_approval_of_a_month"),
            models.CheckConstraint(
                condition=Q(withdrawn_at__isnull=True, withdrawn_by__isnull=True, withdrawn_reason="")
                | Q(withdrawn_at__isnull=False) & ~Q(withdrawn_reason=""),
                name="time_approval_withdrawn_with_reason",
            ),
        )
        triggers = (
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(name="time_approval_fixed", fields=["patient", "month", "approved_by", "approved_at"]),
        )

    def __str__(self) -> str:
        return f"approval of time {self.pk}"
