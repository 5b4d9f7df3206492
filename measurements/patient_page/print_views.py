"""A patient's charts on paper. Each print is written down, wherever it began."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from measurements.chart import date_range
from measurements.patient_page.views import shown
from measurements.readings import table
from patients.models.audit import AuditAction
from patients.permissions import Act, open_patient, person, requires


@requires(Act.SEE_PATIENTS)
@require_safe
def page(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    """Laid out for paper in black and white: who, which days, by whom and when, the figures, charts and readings."""
    user = person(request)
    patient = open_patient(patient_id, by=user, action=AuditAction.PRINT)
    found = shown(request, patient, date_range.of(request, user), rows_of_table=table.ROWS_ON_PAPER)
    return render(request, "patients/print.html", found)


@requires(Act.SEE_PATIENTS)
@require_POST
def printed(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    """The browser tells that somebody prints the patient's page as it stands on the screen."""
    open_patient(patient_id, by=person(request), action=AuditAction.PRINT)
    return HttpResponse(status=204)
