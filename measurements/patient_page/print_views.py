"""A patient's charts on paper. Each print is written down, wherever it began."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from measurements.chart import date_range
from measurements.patient_page.views import patient_page_context
from measurements.readings import table
from patients.models.audit import AuditAction
from patients.permissions import Permission, current_user, get_patient_audited, requires_permission


@requires_permission(Permission.VIEW_PATIENTS)
@require_safe
def print_page(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    """Laid out for paper in black and white: who, which days, by whom and when, the figures, charts and readings."""
    user = current_user(request)
    patient = get_patient_audited(patient_id, by=user, action=AuditAction.PRINT)
    found = patient_page_context(
        request, patient, date_range.resolve_chart_view(request, user), table_size=table.MAX_PRINTED_ROWS
    )
    return render(request, "measurements/patient_print.html", found)


@requires_permission(Permission.VIEW_PATIENTS)
@require_POST
def record_browser_print(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    """The browser tells that somebody prints the patient's page as it stands on the screen."""
    get_patient_audited(patient_id, by=current_user(request), action=AuditAction.PRINT)
    return HttpResponse(status=204)
