"""Dry weight beside the goals of a patient: the panel `{% dry_weight_panel patient units editable %}`."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils import timezone

from measurements.models import Metric
from measurements.units import DisplayUnits
from measurements.weights import dry_weight
from measurements.weights.dry_weight import DryWeightForm
from measurements.weights.figures import WEIGHT_METRIC
from patients.models import Patient

register = template.Library()


@register.inclusion_tag("measurements/_dry_weight.html", takes_context=True)
def dry_weight_panel(context: dict[str, Any], patient: Patient, units: DisplayUnits, editable: bool) -> dict[str, Any]:
    """Current dry weight, its form and its history, in two queries."""
    history = list(dry_weight.dry_weight_history(patient))
    form = DryWeightForm(
        metric=Metric.objects.get(pk=WEIGHT_METRIC),
        units=units,
        today=timezone.localdate(timezone=patient.zone),
        current=history[0] if history else None,
    )
    return {
        "patient": patient,
        "form": form,
        "history": history,
        "unit": form.unit,
        "editable": editable,
        "csrf_token": context.get("csrf_token"),
    }
