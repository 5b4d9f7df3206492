"""The timer's acts: each is a form that works without scripts; scripts get the new timer instead of a page."""

from __future__ import annotations

import datetime as dt
import math
import uuid
from urllib.parse import urlsplit

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST, require_safe

from patients.accounts.middleware import is_script_request
from patients.models import Patient
from patients.models.audit import AuditAction
from patients.permissions import Permission, current_user, get_patient_audited, requires_permission
from patients.time_sessions import entries, timer, timer_display
from patients.time_sessions.models import Mode, TimeSession
from patients.time_sessions.signal_handlers import RUNNING_KEY


@requires_permission(Permission.KEEP_TIME)
@require_safe
def show_timer(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    return render_timer(request, get_patient_audited(patient_id, by=current_user(request)))


@requires_permission(Permission.KEEP_TIME)
@require_POST
def start_time(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    user = current_user(request)
    patient = get_patient_audited(patient_id, by=user, action=AuditAction.TIME)
    session = timer.start_session(
        person=user,
        patient=patient,
        now=timezone.now(),
        mode=Mode.CALL if request.POST.get("mode") == Mode.CALL else Mode.PAGE,
        tab_id=request.POST.get("tab", "")[:36],
        is_automatic=bool(request.POST.get("automatic")),
    )
    return answer_act(request, patient, session)


@requires_permission(Permission.KEEP_TIME)
@require_POST
def stop_time(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    user = current_user(request)
    patient = get_patient_audited(patient_id, by=user, action=AuditAction.TIME)
    timer.stop_session(person=user, now=timezone.now())
    return answer_act(request, patient, None)


@requires_permission(Permission.KEEP_TIME)
@require_POST
def undo_switch(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    user = current_user(request)
    patient = get_patient_audited(patient_id, by=user, action=AuditAction.TIME)
    session = timer.undo_switch(person=user, now=timezone.now())
    if session is None:
        messages.warning(request, "A switch can be undone for one minute only.")
    return answer_act(request, patient, session)


@requires_permission(Permission.KEEP_TIME)
@require_POST
def confirm_call(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    user = current_user(request)
    patient = get_patient_audited(patient_id, by=user, action=AuditAction.TIME)
    return answer_act(request, patient, timer.confirm_call(person=user, now=timezone.now()))


@requires_permission(Permission.KEEP_TIME)
@require_POST
def state_end(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    """Of a call of this patient, by how many minutes it lasted."""
    user = current_user(request)
    patient = get_patient_audited(patient_id, by=user, action=AuditAction.TIME)
    minutes = request.POST.get("minutes", "").strip()
    call = TimeSession.objects.waiting().filter(patient=patient, person=user).order_by("started_at").first()
    if call is None:
        messages.warning(request, "The end of this call was stated meanwhile.")
    elif not (minutes.isascii() and minutes.isdigit() and len(minutes) <= 3):
        messages.error(request, "State how long the call lasted, in whole minutes, such as 25.")
    else:
        ended_at = call.started_at + dt.timedelta(minutes=int(minutes))
        try:
            entries.state_end(session=call, now=timezone.now(), ended_at=ended_at)
        except entries.EntryError as refused:
            messages.error(request, refused.text)
    return redirect_back(request, patient)


@requires_permission(Permission.KEEP_TIME)
@require_POST
def receive_heartbeat(request: HttpRequest) -> HttpResponse:
    """From a visible page of a patient. Its answer holds nothing of a patient, and it is no activity of the sign-in."""
    try:
        patient_id = uuid.UUID(request.POST.get("patient", ""))
        ago = float(request.POST["input"]) if request.POST.get("input") else None
    except ValueError:
        return HttpResponseBadRequest()
    user = current_user(request)
    seconds_ago = ago if ago is not None and math.isfinite(ago) else None
    session = timer.receive_heartbeat(
        person=user, patient_id=patient_id, now=timezone.now(), input_seconds_ago=seconds_ago
    )
    remember_running(request, session)
    return JsonResponse({"key": timer_display.read_timer(user, patient_id).key})


@requires_permission(Permission.KEEP_TIME)
@require_POST
def choose_automatic_start(request: HttpRequest) -> HttpResponse:
    is_automatic = request.POST.get("automatic") == "on"
    timer_display.choose_automatic_start(by=current_user(request), is_automatic=is_automatic)
    chosen = "starts when you open a patient's page" if is_automatic else "starts when you say so"
    messages.success(request, f"Your time {chosen}.")
    return redirect_back(request, None)


def remember_running(request: HttpRequest, session: TimeSession | None) -> None:
    """For signing out, which ends only the time that runs in this sign-in."""
    if session is not None and request.session.get(RUNNING_KEY) != session.pk:
        request.session[RUNNING_KEY] = session.pk


def answer_act(request: HttpRequest, patient: Patient, session: TimeSession | None) -> HttpResponse:
    remember_running(request, session)
    return render_timer(request, patient) if is_script_request(request) else redirect_back(request, patient)


def render_timer(request: HttpRequest, patient: Patient) -> HttpResponse:
    timer_state = timer_display.read_timer(current_user(request), patient.pk)
    return render(request, "time_sessions/_timer.html", {"timer": timer_state, "patient": patient})


def redirect_back(request: HttpRequest, patient: Patient | None) -> HttpResponse:
    """To the page of the form; else to the patient's page."""
    page = request.headers.get("Referer", "")
    if url_has_allowed_host_and_scheme(page, allowed_hosts={request.get_host()}):
        return redirect(urlsplit(page)._replace(scheme="", netloc="", fragment="").geturl() or "/")
    return redirect("patients:page", patient.pk) if patient else redirect("home")
