"""List of a clinic's billing lines of a month: filters, totals, file, and the choice of lines to approve."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from measurements.billing.approvals import MOST_AT_ONCE, approvable_by
from measurements.billing.claim_steps import newest_claim_steps
from measurements.billing.models import BillingLine
from measurements.billing.month_export import COLUMNS as EXPORT_COLUMNS
from measurements.billing.month_export import csv_cells, export_csv, export_rows, month_lines
from measurements.billing.pages.line_rows import describe_line
from measurements.billing.pages.month_filters import COLUMNS, MonthSelection, read_month_selection, totals_of
from patients import csv_writer
from patients.audit import audit_log
from patients.files import xlsx_writer
from patients.lists.pagination import PageRequest, paginate
from patients.models import User
from patients.models.audit import AuditAction
from patients.permissions import Permission, current_user, requires_permission

PAGE_SIZE = 50


@requires_permission(Permission.KEEP_BILLING)
@require_safe
def month_list(request: HttpRequest) -> HttpResponse:
    user = current_user(request)
    selection = selection_of(request, user)
    return render(request, "billing/month_list.html", month_context(request, selection, user))


@requires_permission(Permission.KEEP_BILLING)
@require_safe
def month_file(request: HttpRequest) -> HttpResponse:
    """The lines that the filters leave, as CSV; `manage.py billing` prints the same list without filters."""
    selection, rows = exported_rows(request)
    return csv_writer.csv_response(export_csv(rows), name=f"billing-{selection.month:%Y-%m}.csv")


@requires_permission(Permission.KEEP_BILLING)
@require_safe
def month_xlsx(request: HttpRequest) -> HttpResponse:
    """The rows of the CSV, numbers as numbers."""
    selection, rows = exported_rows(request)
    content = xlsx_writer.write_xlsx(EXPORT_COLUMNS, csv_cells(rows))
    return xlsx_writer.xlsx_response(content, name=f"billing-{selection.month:%Y-%m}.xlsx")


def exported_rows(request: HttpRequest) -> tuple[MonthSelection, list[dict[str, Any]]]:
    """Audited, with every patient in it."""
    user = current_user(request)
    selection = selection_of(request, user)
    rows = export_rows(selection.chosen.apply(month_lines(selection.clinic, selection.month)))
    audit_log.record_event(
        AuditAction.EXPORT,
        by=user,
        clinic=selection.clinic,
        patients=dict.fromkeys(row["patient_id"] for row in rows),
        target="billing_month",
        rows=len(rows),
    )
    return selection, rows


def selection_of(request: HttpRequest, user: User) -> MonthSelection:
    clinics = list(user.clinics.all())
    if not clinics:
        raise Http404("No clinic.")
    return read_month_selection(request, clinics, timezone.localdate(timezone=clinics[0].zone))


def month_context(request: HttpRequest, selection: MonthSelection, user: User) -> dict[str, Any]:
    found = selection.apply()
    status_row = selection.status_row()
    shown = next(option.count for option in status_row.options if option.is_selected)
    page = paginate(
        selection.in_order(found),
        keys=selection.sort.keys,
        request=PageRequest.from_query(request.GET),
        size=PAGE_SIZE,
        anchors=selection.in_order(selection.visible()),
        rows=BillingLine.objects.select_related("patient", "practitioner"),
        total=shown,
    )
    claims = newest_claim_steps([line.approval_id for line in page.rows if line.approval_id])
    rows = [describe_line(line, selection.today, claims.get(line.approval_id or 0)) for line in page.rows]
    audit_log.record_event(
        AuditAction.LIST,
        by=user,
        clinic=selection.clinic,
        patients=dict.fromkeys(line.patient_id for line in page.rows),
    )
    return {
        "selection": selection,
        "rows": rows,
        "page": page,
        "filter_query": selection.query,
        "filter_rows": [status_row],
        "selects": selection.select_fields(),
        "sort": selection.sort,
        "columns": COLUMNS,
        "totals": totals_of(found),
        "approvable": approvable_by(user, [row.line for row in rows if row.is_approvable]),
        "most_at_once": MOST_AT_ONCE,
    }
