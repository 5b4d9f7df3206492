"""The audit in people's words."""

from __future__ import annotations

from django import template

from patients import audit_words

register = template.Library()
register.filter(audit_words.page_in_words)
register.filter(audit_words.record_in_words)
register.filter(audit_words.role_in_words)
