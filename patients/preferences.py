"""What a person chose for their own pages, remembered from day to day. Holds nothing about patients."""

from __future__ import annotations

from typing import Any

from django.db.models import F, JSONField, Value
from django.db.models.expressions import CombinedExpression

from patients.models import User


def save_preference(*, by: User, name: str, value: Any) -> None:
    """In the database alone this choice is replaced: another tab may have remembered something else meanwhile."""
    if by.preferences.get(name) == value:
        return
    by.preferences[name] = value
    chosen = Value({name: value}, output_field=JSONField())
    User.objects.filter(pk=by.pk).update(preferences=CombinedExpression(F("preferences"), "||", chosen))
