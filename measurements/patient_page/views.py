"""Views of the patient page: charts, live updates, date range and CSV download."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST, require_safe

from fulfillment import equipment
from measurements import units
from measurements.chart import date_range, panels, serializer
from measurements.chart.date_range import ChartView, DateRangeForm
from measurements.models import Metric
from measurements.patient_page.metric_pages import list_metric_pages
from measurements.readings import csv_export, latest_judged, table
from measurements.readings.latest_judged import EvaluatedLatestReading
from measurements.readings.table import TablePage
from measurements.readings.unreadable import fetch_unreadable_deliveries
from measurements.thresholds import evaluation
from measurements.timeline.since_review import fetch_new_since_review
from measurements.triage.episode_text import alerts_of
from measurements.weeks import week_figures
from measurements.weights import dry_weight, trends
from patients import csv_writer
from patients.audit import audit_log
from patients.care import team
from patients.care.note_display import build_note_panel
from patients.models import Patient, User
from patients.models.audit import AuditAction
from patients.permissions import Permission, current_user, get_patient_audited, has_permission, requires_permission
from patients.polling import only_if_changed


@requires_permission(Permission.VIEW_PATIENTS)
@require_safe
def patient_page(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    user = current_user(request)
    patient = get_patient_audited(patient_id, by=user)
    chart_view = date_range.resolve_chart_view(request, patient)
    date_range.remember_chart_view(chart_view, by=user)
    context = patient_page_context(request, patient, chart_view)
    return render(request, "measurements/patient_page.html", context | {"drawn": True})


@requires_permission(Permission.VIEW_PATIENTS)
@require_POST
def choose_date_range(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    """Remember free dates of this patient. Posted, because URLs are logged and contain no dates."""
    patient = get_patient_audited(patient_id, by=current_user(request))
    chart_view = date_range.resolve_chart_view(request, patient)
    context = patient_page_context(request, patient, chart_view, request.POST)
    form: DateRangeForm = context["dates_form"]
    if not form.is_valid():
        return render(request, "measurements/patient_page.html", context | {"drawn": True})
    chosen = date_range.remember_date_range(request, patient, form.cleaned_data["first"], form.cleaned_data["last"])
    return redirect(f"{reverse('patients:page', args=[patient.pk])}?{chart_view.query(days=chosen.key, table='')}")


def patient_live_version(user: User, patient_id: uuid.UUID) -> int | None:
    own = Patient.objects.visible_to(user).filter(pk=patient_id).order_by("pk")
    return own.values_list("live_version", flat=True).first()


@requires_permission(Permission.VIEW_PATIENTS)
@require_GET
@only_if_changed(patient_live_version)
def patient_live_update(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    user = current_user(request)
    patient = get_patient_audited(patient_id, by=user)
    return render(
        request,
        "measurements/_patient_page_live.html",
        patient_page_context(request, patient, date_range.resolve_shown_chart_view(request, patient)),
    )


@requires_permission(Permission.VIEW_PATIENTS)
@require_GET
def download_readings(request: HttpRequest, patient_id: uuid.UUID) -> HttpResponse:
    """The readings that the table lists on all of its pages, in a file named by the patient's MRN."""
    user = current_user(request)
    patient = get_patient_audited(patient_id, by=user)
    chart_view = date_range.resolve_shown_chart_view(request, patient)
    days = chart_view.date_range.local_days(patient, now=timezone.now())
    export = csv_export.export_csv(
        patient,
        days=days,
        thresholds=evaluation.thresholds_for(patient),
        units=units.units_for(user),
        reading_filter=chart_view.reading_filter,
    )
    audit_log.record_event(
        AuditAction.EXPORT,
        by=user,
        patients=[patient.pk],
        clinic=patient.clinic,
        readings=export.reading_count,
        days=len(days),
        **{name: value for name, value in chart_view.reading_filter.parameters.items() if value},
    )
    return csv_writer.csv_response(export.text, name=csv_export.file_name_for(patient, days))


def patient_page_context(
    request: HttpRequest,
    patient: Patient,
    chart_view: ChartView,
    dates_data: Any = None,
    *,
    on_paper: bool = False,
) -> dict[str, Any]:
    """The context of all fragments of the page, in the same number of queries for any patient and range.

    `dates_data`: the posted free dates. `on_paper`: for the page to print, with absolute times and a longer table.
    """
    now, read_in = timezone.now(), units.units_for(current_user(request))
    bounds = evaluation.thresholds_for(patient)
    newest = latest_judged.latest_readings(patient, thresholds=bounds, units=read_in, on_paper=on_paper)
    vitals = [row.metric for row in newest if row.metric.vital]
    days, weight = chart_view.date_range.local_days(patient, now=now), trends.fetch_current_trend(patient, now=now)
    drawn = panels.build_panels(
        patient,
        days=days,
        thresholds=bounds,
        latest=newest,
        now=now,
        units=read_in,
        show_left_out=chart_view.left_out,
        by_time_of_day=chart_view.by_time_of_day,
        weight=weight,
    )
    drawn_metrics = dict.fromkeys(panel.metric for panel in drawn.panels)
    shown_table = table.fetch_table_page(
        patient,
        days=days,
        thresholds=bounds,
        units=read_in,
        number=chart_view.table_page,
        size=table.MAX_PRINTED_ROWS if on_paper else table.ROWS_PER_PAGE,
        reading_filter=chart_view.reading_filter,
    )
    return (
        reading_table_context(shown_table, chart_view, vitals)
        | equipment_context(patient, newest)
        | care_context(patient, current_user(request))
        | {
            "patient": patient,
            "now": now,
            "units": read_in,
            "unreadable": fetch_unreadable_deliveries(patient, now=now),
            "local_now": now.astimezone(patient.zone),
            "chart_view": chart_view,
            "on_paper": on_paper,
            "ranges": date_range.RANGE_LABELS.items(),
            "dates_form": DateRangeForm(dates_data, days=days, today=now.astimezone(patient.zone).date()),
            "charts": drawn,
            "chart_data": serializer.serialize_charts(drawn),
            "latest": [row for row in newest if row.metric.vital],
            "other_readings": [row for row in newest if not row.metric.vital],
            "goal_rows": evaluation.describe_thresholds(bounds, drawn_metrics, units=read_in),
            "week": week_figures.fetch_week_figures(patient),
            "weight": weight,
            "weight_gain": trends.judge_trend(weight, read_in.weight_unit, bounds),
            "alerts": alerts_of(patient, read_in, now=now),
            "dry_weight": dry_weight.dry_weight_history(patient).first(),
        }
    )


def care_context(patient: Patient, user: User) -> dict[str, Any]:
    """Care team, notes, and for users who review what is new since their last review."""
    reviews = has_permission(user, Permission.HANDLE_ALERTS)
    return {
        "care_team": team.team_of(patient),
        "panel": build_note_panel(patient),
        "since_review": fetch_new_since_review(patient, user) if reviews else None,
    }


def equipment_context(patient: Patient, latest: Sequence[EvaluatedLatestReading]) -> dict[str, Any]:
    """Devices, and links to the pages of those that measure no vital sign."""
    held = equipment.equipment_of(patient)
    return {
        "metric_pages": list_metric_pages(patient, [row.metric.pk for row in latest], held.items),
        "holdings": held.items,
        "ended_devices": held.ended,
        "lane_stop": held.lane_stop,
        "outdated": held.outdated,
        "gateways": list({item.gateway.pk: item.gateway for item in held.items if item.gateway}.values()),
    }


def reading_table_context(shown_table: TablePage, chart_view: ChartView, metrics: Sequence[Metric]) -> dict[str, Any]:
    """The table of readings with the filters that the patient's metrics offer."""
    chosen = chart_view.reading_filter
    return {
        "table": shown_table,
        "table_filters": chosen.filter_rows(metrics, chart_view.parameters),
        "table_filter_label": chosen.label(metrics),
    }
