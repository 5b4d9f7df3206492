"""What a field held when its form was opened, for the browser to send back: see `PatientForm.merged`."""

from __future__ import annotations

from django import template
from django.forms import BoundField

register = template.Library()


@register.filter
def hidden_initial(field: BoundField) -> str:
    return field.as_hidden(only_initial=True)
