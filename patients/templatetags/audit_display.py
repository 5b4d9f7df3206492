"""The audit in people's words."""

from __future__ import annotations

from django import template

from patients.audit import display

register = template.Library()
register.filter(display.page_in_words)
register.filter(display.record_in_words)
register.filter(display.role_in_words)
