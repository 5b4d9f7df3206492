from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q

from patients.folding import fold_name
from patients.validators import validate_npi, validate_plain_text

from .clinic import Clinic
from .user import User


def fold_practitioner_name(name: str) -> str:
    """`fold_name` without a leading "Dr": "Dr. José  Núñez" and "jose nunez" give "jose nunez"."""
    return fold_name(name).removeprefix("dr ")


class Practitioner(models.Model):
    """Responsible provider of patients of one clinic, with or without an account here."""

    clinic = models.ForeignKey(Clinic, on_delete=models.PROTECT, related_name="practitioners")
    name = models.CharField(max_length=120, validators=[validate_plain_text])
    folded_name = models.CharField(max_length=480, blank=True, editable=False)
    npi = models.CharField("NPI", max_length=10, blank=True, validators=[validate_npi], help_text="Ten digits.")
    user = models.OneToOneField(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="practitioner", verbose_name="account"
    )

    class Meta:
        ordering = ("name", "pk")
        verbose_name, verbose_name_plural = "provider", "providers"
        constraints = (
            models.UniqueConstraint(fields=("clinic", "folded_name"), name="practitioner_name_once"),
            models.CheckConstraint(condition=~Q(folded_name=""), name="practitioner_name_present"),
        )

    def __str__(self) -> str:
        return self.name

    def save(self, **how: Any) -> None:
        self.folded_name = fold_practitioner_name(self.name)
        if "name" in (how.get("update_fields") or ()):
            how["update_fields"] = {*how["update_fields"], "folded_name"}
        super().save(**how)

    def clean(self) -> None:
        self.folded_name = fold_practitioner_name(self.name)
        if not self.folded_name:
            raise ValidationError({"name": "Write the name of the provider."})
