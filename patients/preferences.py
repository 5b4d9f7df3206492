"""User preferences of pages, stored with the account. They hold no patient data."""

from __future__ import annotations

from typing import Any

from django.db.models import F, JSONField, Value
from django.db.models.expressions import CombinedExpression

from patients.models import User


def save_preference(*, by: User, name: str, value: Any) -> None:
    """Replaces only this preference in the database: another tab may have saved a different one meanwhile."""
    if by.preferences.get(name) == value:
        return
    by.preferences[name] = value
    stored = Value({name: value}, output_field=JSONField())
    User.objects.filter(pk=by.pk).update(preferences=CombinedExpression(F("preferences"), "||", stored))
