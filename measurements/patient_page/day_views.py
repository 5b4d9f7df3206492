"""View of the readings behind one band of a chart, which covers one or a few days."""

from __future__ import annotations

import datetime as dt
import uuid

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_POST

from measurements import units
from measurements.local_days import ONE_DAY, LocalDays
from measurements.models.measurement import EARLIEST_TAKEN_AT, LATEST_TAKEN_AT
from measurements.readings import table as tables
from measurements.thresholds import evaluation
from patients.permissions import Permission, current_user, get_patient_audited, requires_permission

MAX_BAND_DAYS = 62


class BandDaysForm(forms.Form):
    at = forms.IntegerField(
        min_value=int(EARLIEST_TAKEN_AT.timestamp()) * 1000, max_value=int(LATEST_TAKEN_AT.timestamp()) * 1000
    )
    days = forms.IntegerField(min_value=1, max_value=MAX_BAND_DAYS)


@requires_permission(Permission.VIEW_PATIENTS)
@require_POST
def band_readings(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    """`at`: a time (UTC milliseconds) on the first of `days` days. Posted, because URLs contain no dates."""
    user = current_user(request)
    patient = get_patient_audited(patient_id, by=user)
    form = BandDaysForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest("No such day.")
    time = dt.datetime.fromtimestamp(form.cleaned_data["at"] / 1000, tz=dt.UTC)
    first = time.astimezone(patient.zone).date()
    days = LocalDays(patient.zone, first, first + ONE_DAY * (form.cleaned_data["days"] - 1), now=timezone.now())
    table = tables.fetch_table_page(
        patient, days=days, thresholds=evaluation.thresholds_for(patient), units=units.units_for(user)
    )
    return render(request, "measurements/_chart_day.html", {"patient": patient, "days": days, "table": table})
