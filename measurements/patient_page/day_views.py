"""The readings behind a band of a chart: those of one day, or of the few days that a band stands for."""

from __future__ import annotations

import datetime as dt
import uuid

from django import forms
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import render
from django.views.decorators.http import require_POST

from measurements import units
from measurements.local_days import ONE_DAY, LocalDays
from measurements.models.measurement import EARLIEST, LATEST
from measurements.readings import table as tables
from measurements.thresholds import evaluation
from patients.permissions import Act, open_patient, person, requires

MOST_DAYS = 62


class DayForm(forms.Form):
    at = forms.IntegerField(min_value=int(EARLIEST.timestamp()) * 1000, max_value=int(LATEST.timestamp()) * 1000)
    days = forms.IntegerField(min_value=1, max_value=MOST_DAYS)


@requires(Act.SEE_PATIENTS)
@require_POST
def day(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    """`at`: a moment (UTC milliseconds) in the first of so many `days`. Posted: an address holds no date."""
    user = person(request)
    patient = open_patient(patient_id, by=user)
    form = DayForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest("No such day.")
    moment = dt.datetime.fromtimestamp(form.cleaned_data["at"] / 1000, tz=dt.UTC)
    first = moment.astimezone(patient.zone).date()
    days = LocalDays(patient.zone, first, first + ONE_DAY * (form.cleaned_data["days"] - 1))
    table = tables.page_of(patient, days=days, goals=evaluation.of(patient), units=units.of(user))
    return render(request, "patients/_day.html", {"patient": patient, "days": days, "table": table})
