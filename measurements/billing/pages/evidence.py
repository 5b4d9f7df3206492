"""Evidence packs as files: of an approval, of a line as a draft, of the approved lines of a clinic's month."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_safe

from measurements.billing.evidence.packs import (
    Pack,
    approved_pack,
    approved_pdf,
    draft_pack,
    json_bytes,
    pack_json,
    write_pdf,
)
from measurements.billing.models import BillingLine, LineApproval
from measurements.billing.month_export import month_lines
from measurements.billing.pages.approval import find_approval
from measurements.billing.pages.month_filters import MonthSelection
from measurements.billing.pages.month_list import selection_of
from measurements.documents.pdf import DocumentError
from patients.audit import audit_log
from patients.models import Clinic, Patient, User
from patients.models.audit import AuditAction
from patients.permissions import Permission, current_user, get_patient_audited, requires_permission
from patients.wording import count_noun

MOST_IN_A_PDF = 100
NOT_MADE = "The PDF could not be made. Try again; the evidence as JSON is complete."


@requires_permission(Permission.VIEW_PATIENTS)
@require_safe
def evidence_pdf(request: HttpRequest, approval_id: int) -> HttpResponse:
    user = current_user(request)
    approval, patient = find_approval(approval_id, user)
    try:
        content = approved_pdf(approval, patient.clinic)
    except DocumentError:
        messages.error(request, NOT_MADE)
        return redirect("billing:approval", approval.pk)
    record_export(user, patient.clinic, [patient], rows=1)
    return file_response(content, approved_pack(approval).name, "pdf")


@requires_permission(Permission.VIEW_PATIENTS)
@require_safe
def evidence_json(request: HttpRequest, approval_id: int) -> HttpResponse:
    user = current_user(request)
    approval, patient = find_approval(approval_id, user)
    pack = approved_pack(approval)
    record_export(user, patient.clinic, [patient], rows=1)
    return file_response(json_bytes(pack_json([pack])[0]), pack.name, "json")


@requires_permission(Permission.VIEW_PATIENTS)
@require_safe
def draft_pdf(request: HttpRequest, billing_line_id: int) -> HttpResponse:
    user = current_user(request)
    patient, pack = draft_of(billing_line_id, user)
    if pack is None:
        return not_reached(request, patient)
    try:
        content = write_pdf([pack], patient.clinic, created_at=timezone.now())
    except DocumentError:
        messages.error(request, NOT_MADE)
        return redirect("billing:card", patient.pk)
    record_export(user, patient.clinic, [patient], rows=1)
    return file_response(content, pack.name, "pdf")


@requires_permission(Permission.VIEW_PATIENTS)
@require_safe
def draft_json(request: HttpRequest, billing_line_id: int) -> HttpResponse:
    user = current_user(request)
    patient, pack = draft_of(billing_line_id, user)
    if pack is None:
        return not_reached(request, patient)
    record_export(user, patient.clinic, [patient], rows=1)
    return file_response(json_bytes(pack_json([pack])[0]), pack.name, "json")


def draft_of(billing_line_id: int, user: User) -> tuple[Patient, Pack | None]:
    """Audited as a view of the patient; 404 for another clinic's. No pack for a line that is not reached."""
    row = BillingLine.objects.select_related("patient__clinic").filter(pk=billing_line_id).first()
    if row is None:
        raise Http404("No such line.")
    patient = get_patient_audited(row.patient.pk, by=user)
    return patient, draft_pack(row, by=user, now=timezone.now()) if row.code else None


def not_reached(request: HttpRequest, patient: Patient) -> HttpResponse:
    messages.error(request, "This line is not reached, so that there is no evidence of it.")
    return redirect("billing:card", patient.pk)


@requires_permission(Permission.KEEP_BILLING)
@require_safe
def month_pdf(request: HttpRequest) -> HttpResponse:
    """Of the approved lines that the filters leave."""
    user = current_user(request)
    selection = selection_of(request, user)
    approvals = approvals_of(selection)
    back = redirect(f"/billing/?{request.GET.urlencode()}")
    if len(approvals) > MOST_IN_A_PDF:
        messages.error(
            request,
            f"{count_noun(len(approvals), 'approved line')}: a PDF holds {MOST_IN_A_PDF}. Narrow the list by its"
            " filters, or take the JSON, which holds all.",
        )
        return back
    if not approvals:
        messages.error(request, "No line of this list is approved.")
        return back
    packs = [approved_pack(approval) for approval in approvals]
    try:
        content = write_pdf(packs, selection.clinic, created_at=max(approval.at for approval in approvals))
    except DocumentError:
        messages.error(request, NOT_MADE)
        return back
    record_export(user, selection.clinic, [approval.patient for approval in approvals], rows=len(approvals))
    return file_response(content, f"evidence-{selection.month:%Y-%m}", "pdf")


@requires_permission(Permission.KEEP_BILLING)
@require_safe
def month_json(request: HttpRequest) -> HttpResponse:
    """Of all approved lines that the filters leave; an empty list where none is."""
    user = current_user(request)
    selection = selection_of(request, user)
    approvals = approvals_of(selection)
    record_export(user, selection.clinic, [approval.patient for approval in approvals], rows=len(approvals))
    packs = pack_json(approved_pack(approval) for approval in approvals)
    return file_response(json_bytes(packs), f"evidence-{selection.month:%Y-%m}", "json")


def approvals_of(selection: MonthSelection) -> list[LineApproval]:
    lines = selection.chosen.apply(month_lines(selection.clinic, selection.month)).filter(approval__isnull=False)
    return [line.approval for line in lines.select_related("approval__patient") if line.approval]


def record_export(user: User, clinic: Clinic, patients: Sequence[Patient], *, rows: int) -> None:
    ids = dict.fromkeys(patient.pk for patient in patients)
    audit_log.record_event(
        AuditAction.EXPORT, by=user, clinic=clinic, patients=ids, target="billing_evidence", rows=rows
    )


def file_response(content: bytes, name: str, kind: str) -> HttpResponse:
    response = HttpResponse(content, content_type=f"application/{kind}")
    response["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    return response
