"""Template tags of a patient's phone number, to call by a click, alone or with the address."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from patients.validators import format_phone

if TYPE_CHECKING:
    from patients.models import Patient

register = template.Library()


@register.simple_tag
def phone_link(phone: str) -> SafeString | str:
    """+16035550142 as a link to call (603) 555-0142, or that there is none."""
    if not phone:
        return "no phone number"
    return format_html('<a class="nowrap" href="tel:{}">{}</a>', phone, format_phone(phone))


@register.simple_tag
def contact_line(patient: Patient) -> SafeString:
    """Phone and address in one line: beside every sentence that asks for a call."""
    return format_html("{}, {}", phone_link(patient.phone), patient.address or "no address")
