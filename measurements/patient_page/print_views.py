"""Print views of a patient's charts; every print is audited."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from measurements.chart import date_range
from measurements.patient_page.views import patient_page_context
from patients.models.audit import AuditAction
from patients.permissions import Permission, current_user, get_patient_audited, requires_permission


@requires_permission(Permission.VIEW_PATIENTS)
@require_safe
def print_page(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    """Laid out for black and white paper: patient, days, who printed it and when, charts and readings."""
    user = current_user(request)
    patient = get_patient_audited(patient_id, by=user, action=AuditAction.PRINT)
    context = patient_page_context(request, patient, date_range.resolve_chart_view(request, patient), on_paper=True)
    return render(request, "measurements/patient_print.html", context | {"drawn": True})


@requires_permission(Permission.VIEW_PATIENTS)
@require_POST
def record_browser_print(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    """Called by a script when the patient page itself is printed."""
    get_patient_audited(patient_id, by=current_user(request), action=AuditAction.PRINT)
    return HttpResponse(status=204)
