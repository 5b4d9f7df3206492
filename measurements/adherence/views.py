"""Views of a patient's pillbox and caps: the calendar of doses, and the times at which they are due."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from measurements.adherence import schedules
from measurements.adherence.openings import fetch_calendars
from measurements.adherence.schedules import DoseTimesForm
from measurements.chart.date_range import chosen_length
from measurements.local_days import LocalDays
from patients.permissions import Permission, current_user, get_patient_audited, requires_permission

LENGTHS = {28: "4 weeks", 84: "12 weeks"}
DEFAULT_LENGTH = 28


@requires_permission(Permission.VIEW_PATIENTS)
@require_safe
def adherence_page(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    patient, now = get_patient_audited(patient_id, by=current_user(request)), timezone.now()
    length = chosen_length(request, "days", LENGTHS, DEFAULT_LENGTH)
    days = LocalDays.until(now, patient.zone, days=length)
    context = {
        "patient": patient,
        "length": length,
        "lengths": LENGTHS,
        "calendars": fetch_calendars(patient, days, now=now),
    }
    return render(request, "adherence/adherence.html", context)


@requires_permission(Permission.REVIEW_READINGS)
@require_http_methods(["GET", "HEAD", "POST"])
def dose_times(request: HttpRequest, patient_id: uuid.UUID, device_id: int) -> HttpResponse:
    user = current_user(request)
    patient = get_patient_audited(patient_id, by=user)
    device = get_object_or_404(patient.devices, pk=device_id)
    history = list(schedules.schedule_history(patient, device))
    today = timezone.localdate(timezone=patient.zone)
    form = DoseTimesForm(request.POST or None, device=device, today=today, current=history[0] if history else None)
    if form.is_valid():
        sent = form.cleaned_data
        try:
            row = schedules.set_dose_times(
                patient=patient,
                device=device,
                times=form.times,
                on_time_minutes=sent["on_time_minutes"],
                missed_after_minutes=sent["missed_after_minutes"],
                starts_on=sent["starts_on"],
                last_seen_id=sent["seen"],
                by=user,
            )
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, "The times are saved." if row.times else "There are no times any more.")
            return redirect("adherence:page", patient.pk)
    context = {"patient": patient, "device": device, "form": form, "history": history}
    return render(request, "adherence/dose_times.html", context)
