from __future__ import annotations

import pgtrigger
from django.db import models
from django.db.models import Q

from patients.models import User
from patients.validators import validate_plain_text

from .choices import ConsentHow
from .recorded_fact import PatientFact, RecordedFact, ends_after_start, fact_triggers

WORDING_COLUMNS = ("version", "text", "has_cost_share", "has_one_practitioner", "has_right_to_stop")
REVOCATION_COLUMNS = ("revoked_on", "revoked_recorded_at", "revoked_recorded_by")


class ConsentWording(models.Model):
    """A text that patients consent to, in one version. Once a consent names it, it never changes."""

    version = models.CharField(max_length=40, unique=True, validators=[validate_plain_text])
    text = models.TextField(max_length=8000)
    has_cost_share = models.BooleanField("says that the patient may pay a share", default=False)
    has_one_practitioner = models.BooleanField("says that one practitioner only may bill", default=False)
    has_right_to_stop = models.BooleanField("says that the patient may stop at any time", default=False)
    is_offered = models.BooleanField("offered in forms", default=True)

    class Meta:
        ordering = ("-pk",)
        verbose_name = "wording of consent"
        verbose_name_plural = "wordings of consent"
        constraints = (models.CheckConstraint(condition=~Q(version="") & ~Q(text=""), name="consentwording_has_text"),)
        triggers = (
            pgtrigger.Trigger(
                name="fixed_once_used",
                when=pgtrigger.Before,
                operation=pgtrigger.UpdateOf(*WORDING_COLUMNS),
                func="""
                IF EXISTS (SELECT 1 FROM programmes_consent WHERE wording_id = OLD.id)
                    AND (NEW.version, NEW.text, NEW.has_cost_share, NEW.has_one_practitioner, NEW.has_right_to_stop)
                    IS DISTINCT FROM
                    (OLD.version, OLD.text, OLD.has_cost_share, OLD.has_one_practitioner, OLD.has_right_to_stop)
                THEN RAISE EXCEPTION 'pgtrigger: Cannot update a wording that a consent names';
                END IF;
                RETURN NEW;
                """,
            ),
        )

    def __str__(self) -> str:
        return self.version


class Consent(PatientFact):
    """The patient agreed to be monitored. `revoked_on`: from this day on nothing counts.

    `taken_by` and `wording` are empty where an imported file didn't name them.
    """

    START_FIELD, END_FIELD = "given_on", "revoked_on"

    given_on = models.DateField("given")
    how = models.CharField(max_length=12, choices=ConsentHow)
    taken_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name="taken by"
    )
    wording = models.ForeignKey(
        ConsentWording, on_delete=models.PROTECT, null=True, blank=True, related_name="consents"
    )
    revoked_on = models.DateField("revoked", null=True, blank=True)
    revoked_recorded_at = models.DateTimeField("revocation recorded", null=True, blank=True, editable=False)
    revoked_recorded_by = models.ForeignKey(
        User, on_delete=models.PROTECT, null=True, blank=True, related_name="+", editable=False
    )

    class Meta:
        ordering = ("given_on", "pk")
        constraints = (
            *RecordedFact.Meta.constraints,
            ends_after_start("given_on", "revoked_on"),
            models.CheckConstraint(condition=Q(how__in=ConsentHow.values), name="consent_how_known"),
        )
        triggers = fact_triggers(*REVOCATION_COLUMNS)
