"""Pages of a patient's programmes: all facts on file, and the forms that record, end and withdraw one."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from patients.models import Patient
from patients.permissions import Permission, current_user, get_patient_audited, requires_permission
from patients.programmes import facts
from patients.programmes.fact_display import FACT_KINDS, FactKind, conditions_to_add, fact_sections, facts_of
from patients.programmes.forms import EndForm, WithdrawForm
from patients.programmes.missing import MissingFact, missing_facts
from patients.programmes.models import PatientFact, zones_in_force


@requires_permission(Permission.VIEW_PATIENTS)
@require_safe
def programme_page(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    patient = get_patient_audited(patient_id, by=current_user(request))
    sections = fact_sections(patient)
    context = {
        "patient": patient,
        "sections": sections,
        "missing": [MissingFact(kind).label for kind in missing_facts([patient.pk]).get(patient.pk, [])],
        "zones": zones_in_force(patient.zone_changes.all()),
        "conditions": conditions_to_add(patient, sections),
    }
    return render(request, "programmes/programme_page.html", context)


@requires_permission(Permission.KEEP_BILLING)
@require_http_methods(["GET", "HEAD", "POST"])
def record_fact(request: HttpRequest, patient_id: uuid.UUID, fact: str) -> HttpResponse:
    user = current_user(request)
    patient, kind = get_patient_audited(patient_id, by=user), find_kind(fact)
    form = kind.form(request.POST or None, patient=patient, user=user)
    if form.is_valid():
        try:
            facts.record_fact(form.instance, by=user)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, "It is on file.")
            return redirect("programmes:page", patient.pk)
    return render_form(request, patient, form, title=f"Record {kind.one}", button="Save")


@requires_permission(Permission.KEEP_BILLING)
@require_http_methods(["GET", "HEAD", "POST"])
def end_fact(request: HttpRequest, patient_id: uuid.UUID, fact: str, fact_id: int) -> HttpResponse:
    user = current_user(request)
    patient, kind = get_patient_audited(patient_id, by=user), find_kind(fact)
    row = get_valid_fact(patient, kind, fact_id)
    if not kind.ends:
        raise Http404("It has no last day.")
    form = EndForm(request.POST or None, row=row, today=patient.today)
    if form.is_valid():
        try:
            facts.end_fact(row, day=form.cleaned_data["day"], by=user)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, "The revocation is saved." if form.revokes else "The last day is saved.")
            return redirect("programmes:page", patient.pk)
    verb = "Revoke" if form.revokes else "End"
    return render_form(request, patient, form, title=f"{verb} {kind.one}", button=verb, about=kind.describe(row))


@requires_permission(Permission.KEEP_BILLING)
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw_fact(request: HttpRequest, patient_id: uuid.UUID, fact: str, fact_id: int) -> HttpResponse:
    user = current_user(request)
    patient, kind = get_patient_audited(patient_id, by=user), find_kind(fact)
    row = get_valid_fact(patient, kind, fact_id)
    form = WithdrawForm(request.POST or None)
    if form.is_valid():
        try:
            facts.withdraw_fact(row, reason=form.cleaned_data["reason"], by=user)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, "It is withdrawn. If another one is right, record it anew.")
            return redirect("programmes:page", patient.pk)
    title, about = f"Withdraw {kind.one}", kind.describe(row)
    return render_form(request, patient, form, title=title, button="Withdraw", about=about)


def find_kind(slug: str) -> FactKind:
    if slug not in FACT_KINDS:
        raise Http404("No such kind of fact.")
    return FACT_KINDS[slug]


def get_valid_fact(patient: Patient, kind: FactKind, fact_id: int) -> PatientFact:
    rows = facts_of(patient, kind).valid().select_related("patient__clinic", *kind.people)
    row: PatientFact = get_object_or_404(rows, pk=fact_id)
    return row


def render_form(
    request: HttpRequest, patient: Patient, form: Any, *, title: str, button: str, about: str = ""
) -> HttpResponse:
    context = {"patient": patient, "form": form, "title": title, "button": button, "about": about}
    return render(request, "programmes/fact_form.html", context)
