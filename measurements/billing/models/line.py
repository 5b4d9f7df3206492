from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from measurements.billing.engine.code_rules import BILLED_PROGRAMMES
from measurements.billing.engine.lines import Caution, Reason, Status
from patients.models import Clinic, Patient, Practitioner, User
from patients.models.patient import can_see_patients

from .rule_rows import KINDS

STATUS_LABELS = {
    Status.OPEN: "Open",
    Status.SUGGESTED: "Suggested",
    Status.MISSING: "Missing",
    Status.BLOCKED: "Blocked",
    Status.NEVER: "Never reached",
    Status.APPROVED: "Approved",
}


class ForecastKind(models.TextChoices):
    """Whether an open window can still reach 16 days."""

    NONE = "", "None"
    REACHED = "reached", "16 days are reached"
    CAN_BE_REACHED = "can", "16 days can still be reached"
    OUT_OF_REACH = "out", "16 days are out of reach"


class BillingLineQuerySet(models.QuerySet["BillingLine"]):
    def visible_to(self, user: User) -> BillingLineQuerySet:
        """Of patients of the user's own clinics."""
        return self.filter(clinic__in=user.clinics.all()) if can_see_patients(user) else self.none()


class BillingLine(models.Model):
    """A line as the engine computed it last (`engine.lines.Line`), stored by `billing.computation`."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="billing_lines", db_index=False)
    clinic = models.ForeignKey(Clinic, on_delete=models.CASCADE, related_name="+", db_index=False)
    kind = models.CharField("counted over", max_length=8, choices=[(k.value, label) for k, label in KINDS.items()])
    programme = models.CharField(max_length=5, choices=[(p.value, p.value) for p in BILLED_PROGRAMMES])
    first = models.DateField("first day")
    last = models.DateField("last day")
    code = models.CharField(max_length=5, blank=True)
    units = models.PositiveSmallIntegerField(default=0)
    status = models.CharField(max_length=9, choices=[(s.value, label) for s, label in STATUS_LABELS.items()])
    because = ArrayField(
        models.CharField(max_length=20, choices=[(r.value, r.value) for r in Reason]), default=list, blank=True
    )
    cautions = ArrayField(
        models.CharField(max_length=16, choices=[(c.value, c.value) for c in Caution]), default=list, blank=True
    )
    date_of_service = models.DateField()
    # First day of the month in whose list it is.
    belongs_to = models.DateField("month")
    days = ArrayField(models.DateField(), default=list, blank=True)
    minutes = models.PositiveIntegerField(null=True, blank=True)
    monitoring_period = models.DateField("first day of the monitoring period", null=True, blank=True)
    anchor = models.DateField("windows counted from", null=True, blank=True)
    forecast = models.CharField(max_length=7, choices=ForecastKind, blank=True)
    days_left = models.PositiveSmallIntegerField(null=True, blank=True)
    out_of_reach_since = models.DateField(null=True, blank=True)
    minutes_to_next = models.PositiveSmallIntegerField("minutes to the next code", null=True, blank=True)
    next_code = models.CharField(max_length=5, blank=True)
    practitioner = models.ForeignKey(
        Practitioner, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    payer = models.CharField("payer on the date of service", max_length=120, blank=True)
    approval = models.ForeignKey(
        "billing.LineApproval", on_delete=models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    # What an approved line would be by now: {"codes": {code: units}, "count": days or minutes}; null: the same.
    difference = models.JSONField(null=True, blank=True)

    objects = BillingLineQuerySet.as_manager()

    class Meta:
        ordering = ("-belongs_to", "patient", "first", "code", "pk")
        verbose_name = "billing line"
        constraints = (
            models.UniqueConstraint(fields=("patient", "kind", "programme", "first", "code"), name="billing_line_once"),
            models.CheckConstraint(condition=Q(last__gte=models.F("first")), name="billing_line_ends_after_start"),
            models.CheckConstraint(
                condition=~Q(status=Status.APPROVED.value) | Q(approval__isnull=False),
                name="billing_line_approved",
            ),
        )
        indexes = (
            # Counts and totals of a month read the index alone.
            models.Index(
                fields=("clinic", "belongs_to", "status"),
                include=("code", "payer", "units", "id"),
                name="billing_line_of_month",
            ),
            models.Index(fields=("patient", "belongs_to"), name="billing_line_by_patient"),
            models.Index(fields=("approval",), condition=Q(approval__isnull=False), name="billing_line_of_approval"),
            models.Index(fields=("practitioner",), name="billing_line_practitioner"),
        )

    def __str__(self) -> str:
        return f"billing line {self.pk}"
