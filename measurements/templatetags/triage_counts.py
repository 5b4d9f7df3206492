"""Template tag of the navigation: how many patients are in the critical section of the triage list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template

from measurements.triage.filters import count_critical
from patients.permissions import Permission, has_permission

if TYPE_CHECKING:
    from patients.models import User

register = template.Library()


@register.simple_tag
def count_critical_patients(user: User) -> int:
    """One query; none for users who see no patients."""
    return count_critical(user) if has_permission(user, Permission.VIEW_PATIENTS) else 0
