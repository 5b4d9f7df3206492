"""Device list: devices of the user's patients, silent ones first, filtered by state, silence, battery and clinic."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from devices import kit_strings
from devices.device_issues import LOW_BATTERY_PERCENT
from devices.models import Device
from devices.statuses import DeviceState
from patients.audit import audit_log
from patients.csv_writer import csv_response
from patients.lists.filters import FilterChoice, ListFilter, SelectedFilters
from patients.lists.pagination import PageRequest, SortKey, paginate
from patients.lists.sorting import ListColumn
from patients.models import User
from patients.models.audit import AuditAction
from patients.permissions import Permission, current_user, requires_permission
from patients.polling import only_if_changed, visible_patients_version

PAGE_SIZE = 100
SORT_KEYS = (SortKey("last_seen_at", nulls="first"), SortKey("pk"))
COLUMNS = tuple(
    ListColumn(label) for label in ("Device", "Patient", "State", "Last heard", "Last reading", "Battery", "Gateway")
)


@requires_permission(Permission.VIEW_PATIENTS)
@require_safe
def device_list(request: HttpRequest) -> HttpResponse:
    return render(request, "devices/device_list.html", device_list_context(request, current_user(request)))


@requires_permission(Permission.VIEW_PATIENTS)
@require_safe
@only_if_changed(visible_patients_version)
def device_list_live(request: HttpRequest) -> HttpResponse:
    return render(request, "devices/_device_list.html", device_list_context(request, current_user(request)))


@requires_permission(Permission.VIEW_PATIENTS)
@require_safe
def kit_export(request: HttpRequest) -> HttpResponse:
    return csv_response(kit_strings.export_kits(by=current_user(request)), name="kits.csv")


def device_list_context(request: HttpRequest, user: User) -> dict[str, Any]:
    version = visible_patients_version(user)  # before the rows: a change meanwhile comes with the next poll
    visible = Device.objects.visible_to(user)
    chosen = SelectedFilters(device_filters(user, visible.counts_by_state()), request.GET)
    page = paginate(
        chosen.apply(visible),
        keys=SORT_KEYS,
        request=PageRequest.from_query(request.GET),
        size=PAGE_SIZE,
        anchors=visible,
        rows=visible.select_related("patient", "gateway"),
    )
    audit_log.record_event(
        AuditAction.LIST, by=user, patients={device.patient_id for device in page.rows if device.patient_id}
    )
    return {
        "version": version,
        "page": page,
        "filter_query": chosen.query,
        "filter_rows": chosen.filter_rows(),
        "columns": COLUMNS,
    }


def device_filters(user: User, states: Iterable[str]) -> list[ListFilter]:
    """By state (those that occur), silence, battery, and clinic for a user of several clinics."""
    state = ListFilter(
        "state",
        "State",
        {value: FilterChoice(str(label), Q(state=value)) for value, label in DeviceState.choices if value in states},
        all_label="All with patients",
        all_condition=~Q(state__in=DeviceState.not_linked()),
    )
    never, now = Q(last_seen_at__isnull=True), timezone.now()
    silence = ListFilter(
        "silent",
        "Last heard",
        {
            "2": FilterChoice("Silent for 2 days", never | Q(last_seen_at__lt=now - dt.timedelta(days=2))),
            "7": FilterChoice("Silent for 7 days", never | Q(last_seen_at__lt=now - dt.timedelta(days=7))),
            "never": FilterChoice("Never heard of", never),
        },
    )
    battery = ListFilter(
        "battery",
        "Battery",
        {
            "low": FilterChoice(f"{LOW_BATTERY_PERCENT} % or less", Q(battery_percent__lte=LOW_BATTERY_PERCENT)),
            "unknown": FilterChoice("Unknown", Q(battery_percent__isnull=True)),
        },
    )
    clinics = {str(clinic.pk): FilterChoice(clinic.name, Q(patient__clinic=clinic)) for clinic in user.clinics.all()}
    clinic_filters = [ListFilter("clinic", "Clinic", clinics)] if len(clinics) > 1 else []
    return [state, silence, battery, *clinic_filters]
