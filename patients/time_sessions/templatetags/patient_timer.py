"""`{% patient_timer %}`: the timer in the head of every page whose context has a `patient`."""

from __future__ import annotations

from typing import Any

from django import template

from patients.models import Patient
from patients.permissions import Permission, has_permission
from patients.time_sessions.clock import HEARTBEAT_SECONDS, WARNING_SECONDS
from patients.time_sessions.timer_display import read_timer

register = template.Library()


@register.inclusion_tag("time_sessions/_timer_head.html", takes_context=True)
def patient_timer(context: dict[str, Any]) -> dict[str, Any]:
    """Nothing where the page is of no one patient, or its user records no time."""
    request, patient = context.get("request"), context.get("patient")
    if request is None or not isinstance(patient, Patient) or not has_permission(request.user, Permission.KEEP_TIME):
        return {"timer": None}
    return {
        "timer": read_timer(request.user, patient.pk),
        "patient": patient,
        "csrf_token": context.get("csrf_token", ""),
        "heartbeat_seconds": HEARTBEAT_SECONDS,
        "warning_seconds": WARNING_SECONDS,
    }
