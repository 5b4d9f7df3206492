"""Views of a patient's report: page, PDF, text for the record."""

from __future__ import annotations

import datetime as dt
import logging
import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods, require_safe

from measurements import units
from measurements.chart import date_range
from measurements.chart.date_range import DateRangeForm
from measurements.chart.serializer import serialize_charts
from measurements.documents.pdf import DocumentError
from measurements.reports.forms import FREE_DATES, PAPER_PREFERENCE, ReportChoice, ReportForm, resolve_report_choice
from measurements.reports.patient_report import PatientReport, build_report
from measurements.reports.pdf_report import write_pdf
from measurements.reports.report_notes import NoteLine, fetch_note_lines
from measurements.reports.text_record import write_record_text
from patients import preferences
from patients.audit import audit_log
from patients.models import Patient, User
from patients.models.audit import AuditAction
from patients.permissions import Permission, current_user, get_patient_audited, requires_permission

logger = logging.getLogger(__name__)

PDF_NAME = "home-readings.pdf"  # of no patient: names of files end in lists, backups and mails


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


@requires_permission(Permission.VIEW_PATIENTS)
@require_http_methods(["GET", "HEAD", "POST"])
def report_page(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    """The report with its form. Posted, because URLs are logged and contain no dates; free dates are remembered."""
    user, now = current_user(request), timezone.now()
    patient = get_patient_audited(patient_id, by=user)
    shown = resolve_report_choice(request, patient)
    days, today = shown.date_range.local_days(patient, now=now), now.astimezone(patient.zone).date()
    data = request.POST if request.method == "POST" else None
    has_free_dates = data is not None and data.get("days") == FREE_DATES
    form, dates_form = (
        ReportForm(data, shown=shown),
        DateRangeForm(data if has_free_dates else None, days=days, today=today),
    )
    if form.is_valid() and (not has_free_dates or dates_form.is_valid()):
        free = None
        if has_free_dates:
            first, last = dates_form.cleaned_data["first"], dates_form.cleaned_data["last"]
            free = date_range.remember_date_range(request, patient, first, last)
        chosen = form.choice(free)
        preferences.save_preference(by=user, name=PAPER_PREFERENCE, value=chosen.paper.value)
        return redirect(f"{reverse('reports:report', args=[patient.pk])}?{chosen.query}")
    report, notes = build_chosen_report(patient, shown, by=user, now=now)
    return render(
        request,
        "reports/report.html",
        {
            "patient": patient,
            "form": form,
            "dates_form": dates_form,
            "choice": shown,
            "report": report,
            "chart_data": serialize_charts(report.charts),
            "notes": notes,
        },
    )


@requires_permission(Permission.VIEW_PATIENTS)
@require_safe
def report_pdf(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    """Made for this request and stored nowhere."""
    user, now = current_user(request), timezone.now()
    patient = get_patient_audited(patient_id, by=user)
    chosen = resolve_report_choice(request, patient)
    report, notes = build_chosen_report(patient, chosen, by=user, now=now)
    try:
        document = write_pdf(report, notes=notes, paper=chosen.paper, by=user, now=now)
    except DocumentError as error:
        logger.error("a report was not made: %s", error)
        messages.error(request, "The PDF could not be made. The report is below; the browser can print it.")
        return redirect(f"{reverse('reports:report', args=[patient.pk])}?{chosen.query}")
    audit_log.record_event(
        AuditAction.EXPORT,
        by=user,
        patients=[patient.pk],
        clinic=patient.clinic,
        days=len(report.days),
        notes=chosen.with_notes,
    )
    headers = {"Content-Disposition": content_disposition_header(True, PDF_NAME) or "attachment"}
    return HttpResponse(document, content_type="application/pdf", headers=headers)


def build_chosen_report(
    patient: Patient, choice: ReportChoice, *, by: User, now: dt.datetime
) -> tuple[PatientReport, list[NoteLine] | None]:
    """With its notes; None where they are not chosen."""
    days = choice.date_range.local_days(patient, now=now)
    report = build_report(patient, days=days, units=units.units_for(by), now=now)
    return report, fetch_note_lines(patient, days) if choice.with_notes else None
