"""Views of a clinic's report: page, CSV and XLSX of the same days."""

from __future__ import annotations

from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from measurements.clinic_report import csv_rows, pictures
from measurements.clinic_report.forms import ClinicReportForm
from measurements.clinic_report.report import build_clinic_report
from patients import csv_writer
from patients.audit import audit_log
from patients.files import xlsx_writer
from patients.models import User
from patients.models.audit import AuditAction
from patients.permissions import Permission, current_user, requires_permission


@requires_permission(Permission.VIEW_CLINIC_REPORTS)
@require_safe
def report_page(request: HttpRequest) -> HttpResponse:
    """Its days are in the address: they are a clinic's, of no patient."""
    user = current_user(request)
    form = form_for(request, user)
    if form is None or not form.is_valid():
        return render(request, "clinic_report/clinic_report.html", {"form": form, "report": None})
    report = build_clinic_report(form.chosen_clinic, form.chosen_days, by=user)
    context = {
        "form": form,
        "report": report,
        "query": urlencode({name: form[name].value() for name in form.fields}),
        "alert_picture": pictures.draw_alert_rates(report),
        "measured_picture": pictures.draw_measured_shares(report),
    }
    return render(request, "clinic_report/clinic_report.html", context)


@requires_permission(Permission.VIEW_CLINIC_REPORTS)
@require_safe
def report_csv(request: HttpRequest) -> HttpResponse:
    rows = rows_for_download(request)
    if rows is None:
        return redirect_to_page(request)
    return csv_writer.csv_response(csv_writer.write_csv(csv_rows.HEADINGS, rows), name="clinic-report.csv")


@requires_permission(Permission.VIEW_CLINIC_REPORTS)
@require_safe
def report_xlsx(request: HttpRequest) -> HttpResponse:
    rows = rows_for_download(request)
    if rows is None:
        return redirect_to_page(request)
    return xlsx_writer.xlsx_response(xlsx_writer.write_xlsx(csv_rows.HEADINGS, rows), name="clinic-report.xlsx")


def rows_for_download(request: HttpRequest) -> list[csv_rows.Row] | None:
    """Audited. None without valid days."""
    user = current_user(request)
    form = form_for(request, user)
    if form is None or not form.is_valid():
        return None
    report = build_clinic_report(form.chosen_clinic, form.chosen_days, by=user)
    rows = list(csv_rows.report_rows(report))
    audit_log.record_event(
        AuditAction.EXPORT, by=user, clinic=report.clinic, target="clinic_report", days=len(report.days), rows=len(rows)
    )
    return rows


def redirect_to_page(request: HttpRequest) -> HttpResponse:
    """It says what is wrong with the days."""
    return redirect(f"{reverse('clinic_report:page')}?{request.GET.urlencode()}")


def form_for(request: HttpRequest, user: User) -> ClinicReportForm | None:
    """None for a user without a clinic."""
    clinics = list(user.clinics.all())
    return ClinicReportForm(request.GET.dict(), clinics=clinics, now=timezone.now()) if clinics else None
