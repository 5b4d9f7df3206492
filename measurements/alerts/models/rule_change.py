from __future__ import annotations

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from patients.models import Clinic, Patient


class AlertRuleChange(models.Model):
    """Append-only: what a clinic or patient has of its own for an alert rule, from this row on.

    `changes` are all own values, by the keys of a rule in a facts file; empty, the rule is as the level below says
    (shipped, clinic, patient). The newest row of a scope and code is in force; the one before it has what was before.
    """

    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    rule = models.CharField("code of the rule", max_length=64)
    changes = models.JSONField("own values", default=dict, blank=True)
    is_off = models.BooleanField("switched off", default=False)
    is_chosen = models.BooleanField("judged without a condition that asks for it", default=False)
    reason = models.CharField(max_length=200, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ("-pk",)
        verbose_name, verbose_name_plural = "change of an alert rule", "changes of alert rules"
        constraints = (
            models.CheckConstraint(
                condition=Q(clinic__isnull=True) ^ Q(patient__isnull=True), name="alert_rule_change_one_scope"
            ),
            models.CheckConstraint(
                condition=Q(is_off=False) | ~Q(reason="") & Q(is_chosen=False), name="alert_rule_off_with_reason"
            ),
            models.CheckConstraint(condition=~Q(rule=""), name="alert_rule_change_has_rule"),
        )
        triggers = (pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),)

    def __str__(self) -> str:
        return f"change of an alert rule {self.pk}"
