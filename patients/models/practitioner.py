from __future__ import annotations

from django.db import models
from django.db.models import Q

from patients.folding import fold_name
from patients.validators import validate_npi, validate_plain_text

from .clinic import Clinic
from .folded_name import FoldedNameModel
from .user import User


def fold_practitioner_name(name: str) -> str:
    """`fold_name` without a leading "Dr": "Dr. José  Núñez" and "jose nunez" give "jose nunez"."""
    return fold_name(name).removeprefix("dr ")


class Practitioner(FoldedNameModel):
    """Responsible provider of patients of one clinic, with or without an account here."""

    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="practitioners")
    name = models.CharField(max_length=120, validators=[validate_plain_text])
    npi = models.CharField("NPI", max_length=10, blank=True, validators=[validate_npi], help_text="Ten digits.")
    user = models.OneToOneField(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="practitioner", verbose_name="account"
    )

    class Meta:
        ordering = ("name", "pk")
        verbose_name, verbose_name_plural = "provider", "providers"
        constraints = (
            models.UniqueConstraint(
                fields=("clinic", "folded_name"),
                name="practitioner_name_once",
                violation_error_code="name",
                violation_error_message="Another provider of this clinic has this name.",
            ),
            models.CheckConstraint(condition=~Q(folded_name=""), name="practitioner_name_present"),
        )

    def __str__(self) -> str:
        return self.name

    def fold_own_name(self) -> str:
        return fold_practitioner_name(self.name)
