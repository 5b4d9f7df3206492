"""What the vendor says about a patient's address, beside an order: `{% address_check patient %}`."""

from __future__ import annotations

from typing import Any

from django import template
from django.template import Context

from devices.patient_records import address_checks
from patients.models import Patient

register = template.Library()


@register.inclusion_tag("fulfillment/_address_check.html", takes_context=True)
def address_check(context: Context, patient: Patient) -> dict[str, Any]:
    return {**address_check_context(patient), "csrf_token": context.get("csrf_token")}


def address_check_context(patient: Patient) -> dict[str, Any]:
    version = address_checks.check_version(patient.pk, patient.live_version)  # before what it is the version of
    return {"patient": patient, "check": address_checks.check_address(patient), "version": version}
