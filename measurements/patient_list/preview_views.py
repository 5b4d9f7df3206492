"""A look at one patient from the list, without leaving it. As much a read of the patient as the page is."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from measurements import units
from measurements.patient_list.rows import MEASURED_DAYS, rows_of
from measurements.readings import latest_judged
from measurements.thresholds import evaluation
from patients.permissions import Act, open_patient, person, requires


@requires(Act.SEE_PATIENTS)
@require_safe
def peek(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    user = person(request)
    patient = open_patient(patient_id, by=user)
    now, read_in = timezone.now(), units.of(user)
    newest = latest_judged.of(patient, goals=evaluation.of(patient), units=read_in)
    shown = {
        "item": rows_of([patient], now=now, units=read_in)[0],
        "units": read_in,
        "latest": [row for row in newest if row.metric.vital],
        "local_now": now.astimezone(patient.zone),
        "measured_days": MEASURED_DAYS,
    }
    return render(request, "patients/_peek.html", shown)
