"""What a template may ask about the person who looks: `{% if user|is_permitted:"PLACE_ORDERS" %}`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template
from django.conf import settings

from patients.permissions import Permission, has_permission

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from patients.models import User

register = template.Library()


@register.filter
def is_permitted(user: User | AnonymousUser, permission: str) -> bool:
    """`act` is the name of an `Act`; a misspelt one raises KeyError rather than hiding a button for ever."""
    return has_permission(user, Permission[permission])


@register.simple_tag
def clinic_label(user: User) -> str:
    """The names of a person's clinics, as the header shows them."""
    names = [clinic.name for clinic in user.clinics.all()]
    return names[0] if len(names) == 1 else f"{len(names)} clinics" if names else ""


@register.simple_tag
def is_demo() -> bool:
    return settings.DEMO
