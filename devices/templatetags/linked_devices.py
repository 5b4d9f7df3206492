from __future__ import annotations

from django import template

from devices.models import Device
from patients.models import Patient

register = template.Library()


@register.simple_tag
def linked_device_count(patient: Patient) -> int:
    """How many devices of the patient are linked at the vendor, and billed."""
    return Device.objects.linked().filter(patient=patient).count()
