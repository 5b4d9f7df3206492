"""When a device last sent each kind of reading: the panel `{% newest_device_readings device patient %}`."""

from __future__ import annotations

from typing import Any

from django import template
from django.db.models import OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from devices.models import Device
from measurements.models import Measurement, Metric
from measurements.readings.unreadable import fetch_unreadable_deliveries
from patients.models import Patient

register = template.Library()


@register.inclusion_tag("measurements/_device_readings.html")
def newest_device_readings(device: Device, patient: Patient) -> dict[str, Any]:
    """Times only, no values: three index look-ups for each kind of reading of this patient on this device.

    Also what it sent lately that could not be read.
    """
    readings = Measurement.objects.filter(device=device, patient=patient, metric=OuterRef("pk")).order_by("-taken_at")
    kinds = Metric.objects.annotate(
        taken_at=Coalesce(*(Subquery(each.values("taken_at")[:1]) for each in (readings.credible(), readings))),
        doubtful_at=Coalesce(Subquery(readings.doubtful().values("taken_at")[:1]), "taken_at"),
    )
    return {
        "kinds": list(kinds.filter(taken_at__isnull=False).order_by("-taken_at", "position")),
        "unreadable": fetch_unreadable_deliveries(patient, now=timezone.now(), device=device),
        "patient": patient,
        "zone": patient.clinic.zone,
    }
