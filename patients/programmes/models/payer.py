from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q

from patients.models.folded_name import FoldedNameModel
from patients.validators import validate_plain_text

from .recorded_fact import END_COLUMNS, DatedFact, DatedPatientFact, fact_triggers, no_overlap, of_patient

BILLING_CODE = r"^[0-9A-Z][0-9]{3}[0-9A-Z]\Z"
validate_billing_code = RegexValidator(BILLING_CODE, "Write the code as five characters, such as 99454.")


class Payer(FoldedNameModel):
    """Who pays for patients' monitoring. Administrators add and rename payers."""

    name = models.CharField(max_length=120, validators=[validate_plain_text])
    is_offered = models.BooleanField("offered in forms", default=True)

    class Meta:
        ordering = ("name", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("folded_name",),
                name="payer_name_once",
                violation_error_code="name",
                violation_error_message="Another payer has this name.",
            ),
            models.CheckConstraint(condition=~Q(folded_name=""), name="payer_name_present"),
        )

    def __str__(self) -> str:
        return self.name


class Coverage(DatedPatientFact):
    """The payer of a patient that lines are billed to; one on each day."""

    payer = models.ForeignKey(Payer, on_delete=models.PROTECT, related_name="coverages")
    member_id = models.CharField("member ID", max_length=40, blank=True, validators=[validate_plain_text])

    class Meta:
        ordering = ("started_on", "pk")
        verbose_name, verbose_name_plural = "payer of a patient", "payers of patients"
        constraints = (*DatedFact.Meta.constraints, no_overlap("coverage_once_a_day", of_patient()))
        triggers = fact_triggers(*END_COLUMNS)


class PriorAuthorisation(DatedPatientFact):
    """A payer's leave to bill a code, with its number."""

    payer = models.ForeignKey(Payer, on_delete=models.PROTECT, related_name="authorisations")
    code = models.CharField(max_length=5, validators=[validate_billing_code])
    number = models.CharField(max_length=40, validators=[validate_plain_text])

    class Meta:
        ordering = ("started_on", "pk")
        verbose_name = "prior authorisation"
        constraints = (
            *DatedFact.Meta.constraints,
            models.CheckConstraint(condition=Q(code__regex=BILLING_CODE), name="priorauthorisation_code_well_formed"),
            models.CheckConstraint(condition=~Q(number=""), name="priorauthorisation_has_number"),
        )
        triggers = fact_triggers(*END_COLUMNS)
