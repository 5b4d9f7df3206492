"""Page of an approval: what was frozen, what happened with the claim, and what differs now."""

from __future__ import annotations

import uuid

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from measurements.billing import claim_steps
from measurements.billing.approvals import approvable_by, confirm_line
from measurements.billing.models import BillingLine, LineApproval, StepKind
from measurements.billing.models.line_approval import CLAIM_STEPS
from measurements.billing.pages.card import current_state
from measurements.billing.pages.line_rows import describe_line
from patients.models import Patient, User
from patients.permissions import Permission, current_user, get_patient_audited, has_permission, requires_permission
from patients.validators import validate_plain_text


class StepForm(forms.Form):
    kind = forms.ChoiceField(label="What happened", choices=[(kind.value, kind.label) for kind in CLAIM_STEPS])
    reason = forms.CharField(
        label="Reason",
        max_length=300,
        required=False,
        validators=[validate_plain_text],
        help_text="Needed where it was denied or written off.",
    )


class ConfirmForm(forms.Form):
    reason = forms.CharField(label="Why the approved line remains", max_length=300, validators=[validate_plain_text])


@requires_permission(Permission.VIEW_PATIENTS)
@require_safe
def approval_page(request: HttpRequest, approval_id: int) -> HttpResponse:
    user = current_user(request)
    approval, patient = find_approval(approval_id, user)
    return render_approval(request, approval, patient, StepForm(), ConfirmForm())


def find_approval(approval_id: int, user: User) -> tuple[LineApproval, Patient]:
    """Audited as a view of the patient; 404 for another clinic's."""
    found = LineApproval.objects.select_related("by").filter(pk=approval_id).first()
    if found is None:
        raise Http404("No such approval.")
    return found, get_patient_audited(uuid.UUID(str(found.patient_id)), by=user)


def render_approval(
    request: HttpRequest, approval: LineApproval, patient: Patient, step_form: forms.Form, confirm_form: forms.Form
) -> HttpResponse:
    user = current_user(request)
    current_state(patient)
    line = BillingLine.objects.filter(approval=approval).select_related("practitioner").first()
    differs = line is not None and line.difference is not None
    context = {
        "approval": approval,
        "patient": patient,
        "row": describe_line(line, patient.today) if line else None,
        "steps": approval.steps.select_related("by", "replaced_by"),
        "step_form": step_form,
        "confirm_form": confirm_form if differs and line and line.pk in approvable_by(user, [line]) else None,
        "may_record_steps": has_permission(user, Permission.KEEP_BILLING) and line is not None,
    }
    return render(request, "billing/approval.html", context)


@requires_permission(Permission.KEEP_BILLING)
@require_POST
def record_step(request: HttpRequest, approval_id: int) -> HttpResponse:
    user = current_user(request)
    approval, patient = find_approval(approval_id, user)
    form = StepForm(request.POST)
    if form.is_valid():
        kind, reason = StepKind(form.cleaned_data["kind"]), form.cleaned_data["reason"]
        try:
            claim_steps.record_step(approval=approval, kind=kind, reason=reason, by=user)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, "The step is recorded.")
            return redirect("billing:approval", approval.pk)
    return render_approval(request, approval, patient, form, ConfirmForm())


@requires_permission(Permission.APPROVE_BILLING)
@require_POST
def confirm(request: HttpRequest, approval_id: int) -> HttpResponse:
    user = current_user(request)
    approval, patient = find_approval(approval_id, user)
    form = ConfirmForm(request.POST)
    if form.is_valid():
        try:
            confirm_line(approval=approval, reason=form.cleaned_data["reason"], by=user)
        except ValidationError as error:
            form.add_error("reason", error)
        else:
            messages.success(request, "The approved line is confirmed.")
            return redirect("billing:approval", approval.pk)
    return render_approval(request, approval, patient, StepForm(), form)
