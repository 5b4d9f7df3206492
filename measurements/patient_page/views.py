"""One patient's page, and the same fragments again when something has changed."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST, require_safe

from fulfillment import equipment
from measurements import units
from measurements.chart import date_range, panels, serializer
from measurements.chart.date_range import DatesForm, Look
from measurements.local_days import LocalDays
from measurements.patient_list import rows
from measurements.patient_list.rows import Gain
from measurements.readings import csv_export, latest_judged, table
from measurements.thresholds import evaluation
from measurements.thresholds.evaluation import Goals
from patients import csv_writer
from patients.audit import audit_log
from patients.models import Patient, User
from patients.models.audit import AuditAction
from patients.permissions import Act, open_patient, person, requires
from patients.polling import only_news


@requires(Act.SEE_PATIENTS)
@require_safe
def page(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    user = person(request)
    patient = open_patient(patient_id, by=user)
    look = date_range.of(request, user)
    date_range.remember(look, by=user)
    return render(request, "patients/page.html", shown(request, patient, look))


@requires(Act.SEE_PATIENTS)
@require_POST
def dates(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    """From one day to another, from now on. Posted: an address that goes through logs holds no date."""
    user = person(request)
    patient, look = open_patient(patient_id, by=user), date_range.of(request, user)
    found = shown(request, patient, look, request.POST)
    form: DatesForm = found["dates_form"]
    if not form.is_valid():
        return render(request, "patients/page.html", found)
    span = date_range.remember_dates(form.cleaned_data["first"], form.cleaned_data["last"], by=user)
    return redirect(f"{reverse('patients:page', args=[patient.pk])}?days={span.key}")


def _version(user: User, patient_id: uuid.UUID) -> int | None:
    own = Patient.objects.visible_to(user).filter(pk=patient_id).order_by("pk")
    return own.values_list("version", flat=True).first()


@requires(Act.SEE_PATIENTS)
@require_GET
@only_news(_version)
def live(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    user = person(request)
    patient = open_patient(patient_id, by=user)
    return render(request, "patients/_live.html", shown(request, patient, date_range.again(request, user)))


@requires(Act.SEE_PATIENTS)
@require_GET
def download(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    """The readings of the range that is shown."""
    user = person(request)
    patient = open_patient(patient_id, by=user)
    days = date_range.again(request, user).span.days(patient, now=timezone.now())
    export = csv_export.of(patient, days=days, goals=evaluation.of(patient), units=units.of(user))
    audit_log.record(
        AuditAction.EXPORT,
        by=user,
        patients=[patient.pk],
        clinic=patient.clinic,
        readings=export.readings,
        days=len(days),
    )
    return csv_writer.to_download(export.text, name="readings.csv")


def shown(
    request: HttpRequest, patient: Patient, look: Look, typed: Any = None, *, rows_of_table: int = table.ROWS_OF_A_PAGE
) -> dict[str, Any]:
    """Everything that the page's fragments need. The same number of queries for any patient and range.

    `typed` is what somebody sent as free dates.
    """
    now, read_in = timezone.now(), units.of(person(request))
    bounds = evaluation.of(patient)
    newest = latest_judged.of(patient, goals=bounds, units=read_in)
    days = look.span.days(patient, now=now)
    drawn = panels.of(
        patient,
        days=days,
        goals=bounds,
        latest=newest,
        now=now,
        units=read_in,
        show_left_out=look.left_out,
        by_clock=look.by_clock,
    )
    return {
        "patient": patient,
        "now": now,
        "units": read_in,
        "local_now": now.astimezone(patient.zone),
        "look": look,
        "ranges": date_range.LABELS.items(),
        "dates_form": DatesForm(typed, days=days, today=now.astimezone(patient.zone).date()),
        "charts": drawn,
        "chart_data": serializer.of(drawn),
        "latest": [row for row in newest if row.metric.vital],
        "other_readings": [row for row in newest if not row.metric.vital],
        "goal_rows": evaluation.printed(bounds, [panel.metric for panel in drawn.panels], units=read_in),
        "weight": drawn.usual_weight or _gain(patient, bounds, days, now),
        "table": table.page_of(
            patient, days=days, goals=bounds, units=read_in, number=look.table_page, size=rows_of_table
        ),
        **_household(patient),
    }


def _gain(patient: Patient, bounds: Goals, days: LocalDays, now: dt.datetime) -> Gain | None:
    """Charts of days that are over don't know how the newest weight stands."""
    return rows.gain_of(patient, goals=bounds, now=now) if days.end <= now else None


def _household(patient: Patient) -> dict[str, Any]:
    held = equipment.of(patient.pk)
    gateways = {holding.gateway.pk: holding.gateway for holding in held if holding.gateway}
    return {"holdings": held, "gateways": list(gateways.values())}
