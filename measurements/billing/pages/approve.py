"""Approval of chosen lines: first read with what is odd about each and the statement, then approved all or none."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_POST

from measurements.billing.approvals import MOST_AT_ONCE, STATEMENT, approve_lines, candidates
from measurements.billing.models import BillingLine
from measurements.billing.pages.line_rows import describe_line
from patients.audit import audit_log
from patients.models import User
from patients.models.audit import AuditAction
from patients.permissions import Permission, current_user, requires_permission
from patients.wording import count_noun

MAX_ID_DIGITS = 18


@requires_permission(Permission.APPROVE_BILLING)
@require_POST
def approve(request: HttpRequest) -> HttpResponse:
    user = current_user(request)
    lines = chosen_lines(request, user)
    if not lines:
        messages.error(request, "No line was chosen.")
        return redirect("home")
    errors: list[str] = []
    if len(lines) > MOST_AT_ONCE:
        errors = [f"{count_noun(len(lines), 'line')} are chosen, at most {MOST_AT_ONCE} are approved at once."]
        lines = lines[:MOST_AT_ONCE]
    elif "attested" in request.POST:
        try:
            approved = approve_lines(lines=lines, seen=request.POST.getlist("seen"), by=user)
        except ValidationError as error:
            errors = error.messages
            lines = chosen_lines(request, user)
        else:
            messages.success(request, f"{count_noun(len(approved), 'line')} approved.")
            return redirect(page_after(lines))
    elif "confirmed" in request.POST:
        errors = ["Please tick that you attest the statement."]
    return render(request, "billing/approve.html", approve_context(lines, user, errors))


def chosen_lines(request: HttpRequest, user: User) -> list[BillingLine]:
    """Of the user's own clinics; others are ignored."""
    sent = [text for text in request.POST.getlist("lines") if text.isascii() and text.isdigit()]
    ids = [int(text) for text in sent if len(text) < MAX_ID_DIGITS]
    lines = BillingLine.objects.visible_to(user).filter(pk__in=ids)
    chosen = lines.select_related("patient__billing_state", "practitioner")
    return list(chosen.order_by("patient__family_name", "patient__given_name", "patient", "first", "code"))


def approve_context(lines: Sequence[BillingLine], user: User, errors: list[str]) -> dict[str, object]:
    audit_log.record_event(AuditAction.LIST, by=user, patients=dict.fromkeys(line.patient_id for line in lines))
    today = timezone.localdate()
    found = candidates(lines, user)
    return {
        "candidates": [(one, describe_line(one.line, today)) for one in found],
        "ready": [one for one in found if not one.refusal],
        "statement": STATEMENT,
        "errors": errors,
        "back": page_after(lines),
    }


def page_after(lines: Sequence[BillingLine]) -> str:
    """The card of the one patient, else the list of the month."""
    first = lines[0]
    if len({line.patient_id for line in lines}) == 1:
        return reverse("billing:card", args=[first.patient_id])
    return f"{reverse('billing:month')}?{urlencode({'month': f'{first.belongs_to:%Y-%m}'})}"
