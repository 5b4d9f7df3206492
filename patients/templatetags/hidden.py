"""Hidden initial value of a form field, which the browser sends back: see `PatientForm.merge_with_saved`."""

from __future__ import annotations

from django import template
from django.forms import BoundField

register = template.Library()


@register.filter
def hidden_initial(field: BoundField) -> str:
    return field.as_hidden(only_initial=True)
