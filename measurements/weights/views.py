"""Views of a patient's dry weight: its form with the history, and saving it."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from measurements import units
from measurements.models import Metric
from measurements.weights import dry_weight
from measurements.weights.dry_weight import DryWeightForm
from measurements.weights.figures import WEIGHT_METRIC
from patients.permissions import Permission, current_user, get_patient_audited, requires_permission


@requires_permission(Permission.REVIEW_READINGS)
@require_POST
def save_dry_weight(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    """Redirects to the goals; a refused form is shown on a page of its own."""
    user = current_user(request)
    patient = get_patient_audited(patient_id, by=user)
    history = list(dry_weight.dry_weight_history(patient))
    form = DryWeightForm(
        request.POST,
        metric=Metric.objects.get(pk=WEIGHT_METRIC),
        units=units.units_for(user),
        today=timezone.localdate(timezone=patient.zone),
        current=history[0] if history else None,
    )
    if form.is_valid():
        sent = form.cleaned_data
        try:
            changed = dry_weight.set_dry_weight(
                patient=patient,
                weight=sent["weight"],
                determined_on=sent["determined_on"],
                last_seen_id=sent["seen"],
                by=user,
            )
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, "The dry weight is saved." if changed else "Nothing was changed.")
            return redirect(reverse("patients:thresholds", args=[patient.pk]))
    shown = {"patient": patient, "form": form, "history": history, "unit": form.unit, "editable": True}
    return render(request, "measurements/dry_weight.html", shown)
