"""How the patient's record at the vendor differs from ours: `{% record_state patient as record %}`."""

from __future__ import annotations

from django import template

from devices.patient_records.record_state import RecordState, find_record_state
from patients.models import Patient

register = template.Library()


@register.simple_tag
def record_state(patient: Patient) -> RecordState:
    return find_record_state(patient)
