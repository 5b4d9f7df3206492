"""Facts about people who care for patients: credential, employment, billing practitioner."""

from __future__ import annotations

from django.db import models
from django.db.models import Q

from patients.models import User
from patients.validators import validate_plain_text

from .choices import EmploymentKind
from .recorded_fact import END_COLUMNS, DatedFact, fact_triggers, no_overlap


class Credential(DatedFact):
    """A person's clinical credential, such as RN; one on each day, the one that time is credited by."""

    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="credentials")
    name = models.CharField(
        "credential", max_length=40, validators=[validate_plain_text], help_text="Such as RN, MA, PharmD, MD."
    )

    class Meta:
        ordering = ("started_on", "pk")
        constraints = (
            *DatedFact.Meta.constraints,
            models.CheckConstraint(condition=~Q(name=""), name="credential_has_name"),
            no_overlap("credential_once_a_day", "person"),
        )
        triggers = fact_triggers(*END_COLUMNS)


class Employment(DatedFact):
    """How a person works for the billing practice."""

    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="employments")
    kind = models.CharField(max_length=20, choices=EmploymentKind)

    class Meta:
        ordering = ("started_on", "pk")
        verbose_name_plural = "employment"
        constraints = (
            *DatedFact.Meta.constraints,
            models.CheckConstraint(condition=Q(kind__in=EmploymentKind.values), name="employment_kind_known"),
            no_overlap("employment_once_a_day", "person"),
        )
        triggers = fact_triggers(*END_COLUMNS)


class BillingPractitioner(DatedFact):
    """Days on which a clinician is a billing practitioner: approves lines of the own patients."""

    person = models.ForeignKey(User, on_delete=models.PROTECT, related_name="billing_practitioner_periods")

    class Meta:
        ordering = ("started_on", "pk")
        verbose_name = "billing practitioner"
        constraints = (*DatedFact.Meta.constraints, no_overlap("billingpractitioner_once_a_day", "person"))
        triggers = fact_triggers(*END_COLUMNS)
