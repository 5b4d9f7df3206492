"""Template filter `count_noun`: {{ count|count_noun:"message" }}; verbs take Django's own `pluralize`."""

from __future__ import annotations

from django import template

from patients.wording import count_noun

register = template.Library()
register.filter(count_noun)
