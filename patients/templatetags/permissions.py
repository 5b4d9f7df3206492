"""What a template may ask about the person who looks: `{% if user|may:"PLACE_ORDERS" %}`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template
from django.conf import settings

from patients.permissions import Act, can

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from patients.models import User

register = template.Library()


@register.filter
def may(user: User | AnonymousUser, act: str) -> bool:
    """`act` is the name of an `Act`; a misspelt one raises KeyError rather than hiding a button for ever."""
    return can(user, Act[act])


@register.simple_tag
def clinics_of(user: User) -> str:
    """The names of a person's clinics, as the header shows them."""
    names = [clinic.name for clinic in user.clinics.all()]
    return names[0] if len(names) == 1 else f"{len(names)} clinics" if names else ""


@register.simple_tag
def is_demo() -> bool:
    return settings.DEMO
