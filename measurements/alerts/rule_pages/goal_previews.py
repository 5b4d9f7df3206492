"""Preview of changed goals of a patient, where alert rules follow them."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST

from measurements.alerts.backtests.previews import preview_goals
from measurements.alerts.engine.rules import Goal
from measurements.alerts.facts.effective_goals import goals_of
from measurements.thresholds.views import ThresholdsForm, patient_threshold_context, render_thresholds
from patients.permissions import Permission, requires_permission


@requires_permission(Permission.REVIEW_READINGS)
@require_POST
def goal_preview(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    """The form of goals as typed, with what the rules that follow them would have raised. Saves nothing."""
    context = patient_threshold_context(request, patient_id)
    form = context.build_form(request.POST)
    preview = None
    if context.patient and form.is_valid():
        preview = preview_goals(context.patient, typed_goals(form), form.display_units)
    return render_thresholds(request, context, form, preview=preview, is_goal_preview=True)


def typed_goals(form: ThresholdsForm) -> dict[str, Goal]:
    """By metric, without those of meals and gains."""
    changed = form.changed_bounds()
    bounds = {
        ("patient", offer.key[:2]): offer.bounds_after(changed)
        for offer in form.editable_thresholds
        if not offer.key[2]
    }
    return goals_of(bounds)
