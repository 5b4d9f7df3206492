"""Pages of a patient's time: a month with credit, typed entries, corrections, withdrawals, and approval."""

from __future__ import annotations

import datetime as dt
import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from measurements.billing.approvals import is_billing_practitioner
from measurements.billing.engine.date_ranges import parse_month
from measurements.billing.time_pages import credited_time
from measurements.billing.time_pages.forms import EntryForm, WithdrawalForm
from patients.models import Patient, User
from patients.models.audit import AuditAction
from patients.permissions import Permission, current_user, get_patient_audited, has_permission, requires_permission
from patients.time_sessions import approvals, entries
from patients.time_sessions.models import TimeSession
from patients.time_sessions.timer_display import starts_with_page


@requires_permission(Permission.KEEP_TIME)
@require_safe
def month_page(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    user, now = current_user(request), timezone.now()
    patient = get_patient_audited(patient_id, by=user)
    month = chosen_month(request.GET.get("month", ""), patient, now)
    time = credited_time.load_month(patient, month, now)
    context = {
        "patient": patient,
        "time": time,
        "may_approve": may_approve(user, patient, now) and month <= this_month(patient, now),
        "is_automatic": starts_with_page(user),
    }
    return render(request, "time_sessions/month.html", context)


@requires_permission(Permission.KEEP_TIME)
@require_http_methods(["GET", "HEAD", "POST"])
def new_entry(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    return answer_entry_form(request, get_patient_audited(patient_id, by=current_user(request)), None)


@requires_permission(Permission.KEEP_TIME)
@require_http_methods(["GET", "HEAD", "POST"])
def correct_session(request: HttpRequest, patient_id: uuid.UUID, session_id: int) -> HttpResponse:
    patient = get_patient_audited(patient_id, by=current_user(request))
    session = get_session(patient, session_id)
    if session.person != current_user(request):
        return refuse_change(request, patient, session)
    return answer_entry_form(request, patient, session)


def answer_entry_form(request: HttpRequest, patient: Patient, session: TimeSession | None) -> HttpResponse:
    user, now = current_user(request), timezone.now()
    with timezone.override(patient.clinic.zone):
        form = EntryForm(request.POST or None, patient=patient, session=session)
        if form.is_valid():
            entry = form.entry()
            try:
                if session is None:
                    saved = entries.add_entry(person=user, patient=patient, now=now, entry=entry)
                else:
                    saved = entries.correct_session(session=session, by=user, now=now, entry=entry)
            except entries.EntryError as refused:
                form.add_error(refused.field or None, refused.text)
            else:
                messages.success(request, "The time is saved.")
                return redirect_to_month(patient, saved)
        context = {"patient": patient, "form": form, "session": session}
        return render(request, "time_sessions/entry.html", context)


@requires_permission(Permission.KEEP_TIME)
@require_http_methods(["GET", "HEAD", "POST"])
def withdraw_session(request: HttpRequest, patient_id: uuid.UUID, session_id: int) -> HttpResponse:
    user = current_user(request)
    patient = get_patient_audited(patient_id, by=user)
    session = get_session(patient, session_id)
    if session.person != user:
        return refuse_change(request, patient, session)
    form = WithdrawalForm(request.POST or None, label_suffix="")
    if form.is_valid():
        try:
            entries.withdraw_session(session=session, by=user, now=timezone.now(), reason=form.cleaned_data["reason"])
        except entries.EntryError as refused:
            form.add_error(None, refused.text)
        else:
            messages.success(request, "The time is withdrawn.")
            return redirect_to_month(patient, session)
    return render(request, "time_sessions/withdrawal.html", {"patient": patient, "form": form, "session": session})


@requires_permission(Permission.APPROVE_BILLING)
@require_POST
def approve_month(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    user, now = current_user(request), timezone.now()
    patient = get_patient_audited(patient_id, by=user, action=AuditAction.TIME)
    month = chosen_month(request.POST.get("month", ""), patient, now)
    if not may_approve(user, patient, now):
        messages.error(request, "Time is approved by a billing practitioner.")
    elif month <= this_month(patient, now):
        approvals.approve_time(patient=patient, month=month, by=user, now=now)
        messages.success(request, "The month's time is approved.")
    return redirect(f"{reverse('time_pages:month', args=[patient.pk])}?month={month:%Y-%m}")


def may_approve(user: User, patient: Patient, now: dt.datetime) -> bool:
    day = timezone.localdate(now, patient.clinic.zone)
    return has_permission(user, Permission.APPROVE_BILLING) and is_billing_practitioner(user, day)


def get_session(patient: Patient, session_id: int) -> TimeSession:
    """One that has ended and is in force."""
    ended = TimeSession.objects.valid().filter(patient=patient, ended_at__isnull=False)
    return get_object_or_404(ended.select_related("person", "contact"), pk=session_id)


def refuse_change(request: HttpRequest, patient: Patient, session: TimeSession) -> HttpResponse:
    messages.warning(request, f"Only {session.person.name} can change this time.")
    return redirect_to_month(patient, session)


def this_month(patient: Patient, now: dt.datetime) -> dt.date:
    return timezone.localdate(now, patient.clinic.zone).replace(day=1)


def chosen_month(text: str, patient: Patient, now: dt.datetime) -> dt.date:
    """`YYYY-MM`; without one, or with another text, the clinic's current month."""
    month = parse_month(text)
    return month if month and 2015 <= month.year < 2100 else this_month(patient, now)


def redirect_to_month(patient: Patient, session: TimeSession) -> HttpResponse:
    month = timezone.localdate(session.started_at, patient.clinic.zone)
    return redirect(f"{reverse('time_pages:month', args=[patient.pk])}?month={month:%Y-%m}")
