"""Billing card of a patient: both clocks as pictures, what is missing, the next step, all lines with their reasons."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from measurements.billing.approvals import approvable_by
from measurements.billing.claim_steps import newest_claim_steps
from measurements.billing.computation import compute_patient
from measurements.billing.engine.code_rules import Kind, Programme
from measurements.billing.engine.lines import Status
from measurements.billing.models import BillingLine, BillingState
from measurements.billing.pages.line_rows import LineRow, describe_line, missing_texts
from measurements.billing.pages.pictures import draw_minutes, draw_window
from patients.models import Patient
from patients.permissions import Permission, current_user, get_patient_audited, requires_permission
from patients.programmes.models import BillingFactsVersion

LINES_SHOWN = 120


@requires_permission(Permission.VIEW_PATIENTS)
@require_safe
def billing_card(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    user = current_user(request)
    patient = get_patient_audited(patient_id, by=user)
    state = current_state(patient)
    rows = line_rows(patient)
    allowed = approvable_by(user, [row.line for row in rows if row.is_approvable])
    context = {
        "patient": patient,
        "state": state,
        "rows": rows,
        "approvable": allowed,
        "missing": missing_texts(rows),
        **clocks(patient, state, rows),
    }
    return render(request, "billing/card.html", context)


def current_state(patient: Patient) -> BillingState:
    """Computed anew at once where a fact has changed since, so that the page shows what was just put on file."""
    state = BillingState.objects.filter(pk=patient.pk).first()
    version = BillingFactsVersion.objects.filter(pk=patient.pk).values_list("version", flat=True).first() or 0
    if state is None or state.computed_at is None or state.facts_version != version:
        return compute_patient(patient)
    return state


def line_rows(patient: Patient) -> list[LineRow]:
    """Newest first."""
    today = timezone.localdate(timezone=patient.zone)
    lines = BillingLine.objects.filter(patient=patient).select_related("practitioner")
    chosen = list(lines.order_by("-last", "-first", "programme", "code", "pk")[:LINES_SHOWN])
    claims = newest_claim_steps([line.approval_id for line in chosen if line.approval_id])
    return [describe_line(line, today, claims.get(line.approval_id or 0)) for line in chosen]


def clocks(patient: Patient, state: BillingState, rows: list[LineRow]) -> dict[str, Any]:
    today = timezone.localdate(timezone=patient.zone)
    month = timezone.localdate(timezone=patient.clinic.zone).replace(day=1)
    window = next((row for row in rows if row.line.kind == Kind.PERIOD and row.line.status == Status.OPEN), None)
    figures: dict[str, Any] = next((one for one in state.months if one["month"] == month.isoformat()), {})
    minutes = figures.get("minutes", {})
    billed = max(minutes.get(Programme.RPM, 0), minutes.get(Programme.RTM, 0))
    return {
        "today": today,
        "month": month,
        "window": window,
        "window_picture": draw_window(window.line, today) if window else "",
        "minutes": billed,
        "minutes_picture": draw_minutes(billed),
        "next_code": figures.get("next_code", ""),
        "minutes_to_next": figures.get("minutes_to_next", 0),
        "seconds_lost": figures.get("seconds_lost", 0),
        "time_approved": figures.get("time_approved"),
    }
