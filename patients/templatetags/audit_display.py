"""Template filters for the display texts of the audit."""

from __future__ import annotations

from django import template

from patients.audit import display

register = template.Library()
register.filter(display.page_label)
register.filter(display.target_label)
register.filter(display.role_label)
