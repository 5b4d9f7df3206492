"""The devices of one's own patients: who holds what, when it was last heard of, what needs a hand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.db.models import F, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from devices.device_issues import LOW_BATTERY_PERCENT
from devices.models import Device
from devices.statuses import DeviceState
from patients.audit import audit_log
from patients.models import Patient, User
from patients.models.audit import AuditAction
from patients.permissions import Permission, current_user, requires_permission
from patients.polling import only_if_changed

PAGE_SIZE = 100
SILENCE_CHOICES = {"2": "Silent for 2 days", "7": "Silent for 7 days", "never": "Never heard of"}
BATTERY_CHOICES = {"low": f"{LOW_BATTERY_PERCENT} % or less", "unknown": "Unknown"}


@dataclass(frozen=True)
class FilterChip:
    label: str
    query: str  # of the list as a click on it narrows it
    selected: bool


@requires_permission(Permission.VIEW_PATIENTS)
@require_safe
def device_list(request: HttpRequest) -> HttpResponse:
    """Longest unheard first, so that a silent one is on top; narrowed by what the address says and we know."""
    return render(request, "devices/device_list.html", device_list_context(request, current_user(request)))


def device_list_version(user: User) -> str:
    return Patient.objects.visible_to(user).combined_live_version()


@requires_permission(Permission.VIEW_PATIENTS)
@require_safe
@only_if_changed(device_list_version)
def device_list_live(request: HttpRequest) -> HttpResponse:
    return render(request, "devices/_device_list.html", device_list_context(request, current_user(request)))


def device_list_context(request: HttpRequest, user: User) -> dict[str, Any]:
    version, visible = device_list_version(user), Device.objects.visible_to(user)
    counts = visible.counts_by_state()
    offered = available_filters(user, counts)
    chosen = {name: value for name, value in request.GET.items() if value in offered.get(name, {})}
    found = visible.filter(state=chosen["state"]) if "state" in chosen else visible.linked()
    found = found.filter(*(FILTERS[name](value) for name, value in chosen.items() if name in FILTERS))
    # Keys first: all devices are sorted, and whole rows would be carried through it.
    keys = found.order_by(F("last_seen_at").asc(nulls_first=True), "pk").values_list("pk", flat=True)
    pages = Paginator(keys, PAGE_SIZE)
    if not chosen:
        pages.count = sum(n for state, n in counts.items() if DeviceState(state).is_linked)
    page = pages.get_page(request.GET.get("page"))
    whole = visible.select_related("patient", "gateway").in_bulk(list(page.object_list))
    shown = [whole[key] for key in page.object_list if key in whole]
    audit_log.record_event(
        AuditAction.LIST, by=user, patients={device.patient_id for device in shown if device.patient_id}
    )
    return {
        "version": version,
        "devices": shown,
        "page": page,
        "narrowed": bool(chosen),
        "query": urlencode(chosen),
        "rows_of_chips": [
            (FILTER_TITLES[name], build_chips(name, choices, chosen)) for name, choices in offered.items()
        ],
    }


FILTER_TITLES = {"state": "State", "silent": "Last heard", "battery": "Battery", "clinic": "Clinic"}


def available_filters(user: User, counts: Mapping[str, int]) -> dict[str, dict[str, str]]:
    """By name, each value with its label: states that occur, and clinics where a person has several."""
    offered: dict[str, dict[str, str]] = {
        "state": {value: str(label) for value, label in DeviceState.choices if value in counts},
        "silent": SILENCE_CHOICES,
        "battery": BATTERY_CHOICES,
    }
    clinics = {str(clinic.pk): clinic.name for clinic in user.clinics.all()}
    return offered | ({"clinic": clinics} if len(clinics) > 1 else {})


def build_chips(name: str, choices: dict[str, str], chosen: dict[str, str]) -> list[FilterChip]:
    others = {key: value for key, value in chosen.items() if key != name}
    everything = FilterChip("All with patients" if name == "state" else "All", urlencode(others), name not in chosen)
    return [
        everything,
        *(
            FilterChip(label, urlencode({**others, name: value}), chosen.get(name) == value)
            for value, label in choices.items()
        ),
    ]


def silence_filter(value: str) -> Q:
    never = Q(last_seen_at__isnull=True)
    return never if value == "never" else never | Q(last_seen_at__lt=timezone.now() - dt.timedelta(days=int(value)))


def battery_filter(value: str) -> Q:
    return Q(battery_percent__isnull=True) if value == "unknown" else Q(battery_percent__lte=LOW_BATTERY_PERCENT)


FILTERS = {"silent": silence_filter, "battery": battery_filter, "clinic": lambda value: Q(patient__clinic=int(value))}
