"""What a person chose for their own pages, remembered from day to day. Holds nothing about patients."""

from __future__ import annotations

from typing import Any

from patients.models import User


def remember(*, by: User, name: str, value: Any) -> None:
    if by.preferences.get(name) != value:
        by.preferences[name] = value
        by.save(update_fields=["preferences"])
