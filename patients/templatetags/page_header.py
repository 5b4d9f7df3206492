"""Template tags of the page header: the clinics of the signed-in user, and whether this is the demo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template
from django.conf import settings

from patients.wording import count_noun

if TYPE_CHECKING:
    from patients.models import User

register = template.Library()


@register.simple_tag
def clinic_label(user: User) -> str:
    """The name of the user's only clinic, or how many there are."""
    names = [clinic.name for clinic in user.clinics.all()]
    return names[0] if len(names) == 1 else count_noun(len(names), "clinic") if names else ""


@register.simple_tag
def is_demo() -> bool:
    return settings.DEMO
