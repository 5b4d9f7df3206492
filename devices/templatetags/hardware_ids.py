"""Template filter `format_hardware_id`: {{ change.old_hardware_uuid|format_hardware_id }}."""

from __future__ import annotations

from django import template

from devices.hardware_ids import format_hardware_id

register = template.Library()
register.filter(format_hardware_id)
