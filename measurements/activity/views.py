"""View of a watch: steps, sleep and heart rate of a patient by local day."""

from __future__ import annotations

import uuid

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from measurements.activity import pictures
from measurements.activity.watch_days import WatchFigures, fetch_watch_days
from measurements.chart.date_range import RECENT_LENGTHS, chosen_length
from measurements.chart.panels import DEFAULT_RANGE_DAYS
from measurements.local_days import LocalDays
from patients.permissions import Permission, current_user, get_patient_audited, requires_permission


@requires_permission(Permission.VIEW_PATIENTS)
@require_safe
def watch_page(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    patient, now = get_patient_audited(patient_id, by=current_user(request)), timezone.now()
    length = chosen_length(request, "days", RECENT_LENGTHS, DEFAULT_RANGE_DAYS)
    days = LocalDays.until(now, patient.zone, days=length)
    rows = fetch_watch_days(patient, days)
    steps = [[] if day.total_steps is None else [float(day.total_steps)] for day in rows]
    context = {
        "patient": patient,
        "length": length,
        "lengths": RECENT_LENGTHS,
        "figures": WatchFigures(rows, days.last),
        "rows": [day for day in reversed(rows) if not day.is_empty],
        "pictures": {
            "steps": pictures.draw_bars(days, steps, now=now, key="steps", label="Steps", unit="steps"),
            "heart_rate": pictures.draw_heart_rate(days, rows, now=now),
            "sleep": pictures.draw_bars(
                days, [day.sleep for day in rows], now=now, key="sleep", label="Sleep", unit="h"
            ),
        },
    }
    return render(request, "activity/watch.html", context)
