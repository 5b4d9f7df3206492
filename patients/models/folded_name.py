from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from patients.folding import fold_name


class FoldedNameModel(models.Model):
    """Base of a model with a `name` that is unique however it is spelled, by a constraint on `folded_name`."""

    folded_name = models.CharField(max_length=480, blank=True, editable=False)  # four letters for one at most

    name: Any

    class Meta:
        abstract = True

    def save(self, **how: Any) -> None:
        self.folded_name = self.fold_own_name()
        if "name" in (how.get("update_fields") or ()):
            how["update_fields"] = {*how["update_fields"], "folded_name"}
        super().save(**how)

    def clean(self) -> None:
        self.folded_name = self.fold_own_name()
        if not self.folded_name:
            raise ValidationError({"name": "Write a name with a letter or a digit."})

    def validate_constraints(self, exclude: Collection[str] | None = None) -> None:
        """The unique name is checked in every form, although none shows `folded_name` and a change no `clinic`."""
        super().validate_constraints(exclude=set(exclude or ()) - {"folded_name", "clinic"})

    def fold_own_name(self) -> str:
        return fold_name(self.name)
