"""Preview of one patient beside the patient list, audited as a view of the patient."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from measurements import units
from measurements.patient_list.rows import patient_rows_for
from measurements.readings import latest_judged
from measurements.thresholds import evaluation
from measurements.weights import trends
from patients.care import team
from patients.permissions import Permission, current_user, get_patient_audited, requires_permission


@requires_permission(Permission.VIEW_PATIENTS)
@require_safe
def patient_preview(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    user = current_user(request)
    patient = get_patient_audited(patient_id, by=user)
    now, read_in = timezone.now(), units.units_for(user)
    bounds, weight = evaluation.thresholds_for(patient), trends.fetch_current_trend(patient, now=now)
    newest = latest_judged.latest_readings(patient, thresholds=bounds, units=read_in)
    shown = {
        "item": patient_rows_for([patient], now=now, units=read_in)[0],
        "care_team": team.team_of(patient),
        "units": read_in,
        "latest": [row for row in newest if row.metric.vital],
        "local_now": now.astimezone(patient.zone),
        "on_paper": False,
        "weight": weight,
        "weight_gain": trends.judge_trend(weight, read_in.weight_unit, bounds),
    }
    return render(request, "measurements/_patient_preview.html", shown)
