"""Views of a patient's report: text for the record."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from measurements import units
from measurements.chart import date_range
from measurements.reports.patient_report import build_report
from measurements.reports.text_record import write_record_text
from patients.permissions import Permission, current_user, get_patient_audited, requires_permission


@requires_permission(Permission.VIEW_PATIENTS)
@require_safe
def record_text(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    """Of the range that the patient's page shows, to copy; `panel`: a part for the panel of that page."""
    user, now = current_user(request), timezone.now()
    patient = get_patient_audited(patient_id, by=user)
    chart_view = date_range.resolve_shown_chart_view(request, patient)
    days = chart_view.date_range.local_days(patient, now=now)
    report = build_report(patient, days=days, units=units.units_for(user), now=now)
    in_panel = request.GET.get("panel") == "1"
    return render(
        request,
        "reports/_record_text.html" if in_panel else "reports/record_text.html",
        {
            "patient": patient,
            "chart_view": chart_view,
            "record_text": write_record_text(report, now=now),
            "in_panel": in_panel,
        },
    )
