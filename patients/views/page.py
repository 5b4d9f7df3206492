"""One patient's page, and the same fragments again when something has changed."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_safe

from measurements import chart_json, charts, exports, goals, latest, tables, units
from patients import audit, preferences
from patients.access import Act, open_patient, person, requires
from patients.models import Patient, User
from patients.models.audit import AuditAction
from patients.views import holdings

RANGE_LABELS = {7: "7 days", 14: "14 days", 30: "30 days", 90: "90 days", 365: "1 year", 0: "All"}
PREFERENCE = "chart_days"
MOST_TABLE_PAGES = 10_000


@requires(Act.SEE_PATIENTS)
@require_safe
def page(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    user = person(request)
    patient = open_patient(patient_id, by=user)
    length = _range(request, user)
    preferences.remember(by=user, name=PREFERENCE, value=length)
    return render(request, "patients/page.html", _shown(request, patient, length))


@requires(Act.SEE_PATIENTS)
@require_GET
def live(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    """204 while the version is the caller's: nothing of the patient is read and nobody has seen anything."""
    user = person(request)
    versions = Patient.objects.visible_to(user).filter(pk=patient_id).order_by("pk").values_list("version", flat=True)
    version = versions.first()
    if version is None:
        raise Http404("No such patient.")
    if request.GET.get("v") == str(version):
        return HttpResponse(status=204)
    patient = open_patient(patient_id, by=user)
    return render(request, "patients/_live.html", _shown(request, patient, _range(request, user)))


@requires(Act.SEE_PATIENTS)
@require_GET
def download(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    """The readings of the range that is shown. The file's name says nothing about the patient."""
    user = person(request)
    patient = open_patient(patient_id, by=user)
    days = charts.days_of(patient, length=_range(request, user), now=timezone.now())
    export = exports.of(patient, days=days, goals=goals.of(patient), units=units.of(user))
    audit.record(
        AuditAction.EXPORT,
        by=user,
        patients=[patient.pk],
        clinic=patient.clinic,
        readings=export.readings,
        days=len(days),
    )
    response = HttpResponse(export.text, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="readings.csv"'
    return response


def _shown(request: HttpRequest, patient: Patient, length: int) -> dict[str, Any]:
    """Everything that the page's fragments need. The same number of queries for any patient and range."""
    now, read_in = timezone.now(), units.of(person(request))
    bounds = goals.of(patient)
    newest = latest.of(patient, goals=bounds, units=read_in)
    days = charts.days_of(patient, length=length, now=now)
    left_out = request.GET.get("excluded") == "1"
    drawn = charts.of(patient, days=days, goals=bounds, latest=newest, now=now, units=read_in, show_left_out=left_out)
    return {
        "patient": patient,
        "now": now,
        "units": read_in,
        "local_now": now.astimezone(patient.zone),
        "length": length,
        "left_out": left_out,
        "ranges": RANGE_LABELS.items(),
        "range_label": RANGE_LABELS[length],
        "charts": drawn,
        "chart_data": chart_json.of(drawn),
        "latest": [row for row in newest if row.metric.vital],
        "other_readings": [row for row in newest if not row.metric.vital],
        "goal_rows": goals.printed(bounds, [panel.metric for panel in drawn.panels], units=read_in),
        "weight": next((panel.baseline for panel in drawn.panels if panel.baseline), None),
        "table": tables.page_of(patient, days=days, goals=bounds, units=read_in, number=_page_number(request)),
        **_household(patient),
    }


def _household(patient: Patient) -> dict[str, Any]:
    held = holdings.of(patient.pk)
    gateways = {holding.gateway.pk: holding.gateway for holding in held if holding.gateway}
    return {"holdings": held, "gateways": list(gateways.values())}


def _range(request: HttpRequest, user: User) -> int:
    """Asked for, else remembered, else 30 days. An unknown one is as good as none."""
    asked = request.GET.get("days", "")
    length = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 4 else None
    for candidate in (length, user.preferences.get(PREFERENCE)):
        if candidate in RANGE_LABELS:
            return int(candidate)
    return charts.DEFAULT_RANGE


def _page_number(request: HttpRequest) -> int:
    asked = request.GET.get("table", "")
    number = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 1
    return min(max(number, 1), MOST_TABLE_PAGES)
