"""Triage list, the clinician's home: who needs a person now and why, in fixed sections, the worst first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Q, Sum, prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST, require_safe

from measurements.alerts.engine.episodes import Section
from measurements.alerts.messages.choices import choices_of
from measurements.models import TriageEntry
from measurements.triage import filters
from measurements.triage.filters import FOLDED_SECTIONS, RANKS, SECTION_LABELS, TriageSettings
from measurements.triage.rows import triage_rows_for
from measurements.triage.shared_filters import shared_filters_of
from measurements.units import units_for
from patients.audit import audit_log
from patients.lists.pagination import PageRequest, SortKey, paginate
from patients.models import Patient, User
from patients.models.audit import AuditAction
from patients.models.patient import format_live_version
from patients.permissions import Permission, current_user, requires_permission
from patients.polling import only_if_changed
from patients.preferences import save_preference

PAGE_SIZE = 50
SHORTCUTS_PREFERENCE = "triage_shortcuts"
SORT_KEYS = (
    SortKey("shown_rank"),
    SortKey("is_unacknowledged", descending=True),
    SortKey("shown_since", nulls="last"),
    SortKey("pk"),
)


@dataclass(frozen=True)
class SectionCount:
    """One section with its number of patients; `query` is the list's address that shows it alone."""

    section: Section
    label: str
    count: int
    query: str
    is_selected: bool


def list_version(user: User) -> str:
    """Of all patients, because the count in the navigation is; of the day, on which reviews end; of the settings.

    And whether assessments are overdue, which changes no patient.
    """
    settings = settings_for(user)
    totals = Patient.objects.visible_to(user).aggregate(
        count=Count("pk"),
        versions=Sum("live_version", default=0),
        overdue=Count("pk", filter=Q(triage_entry__in=TriageEntry.objects.overdue())),
    )
    today = timezone.localdate(timezone=next((clinic.zone for clinic in user.clinics.all()), None))
    version = format_live_version(totals["count"], totals["versions"])
    return f"{version}-{settings.fingerprint}-{today:%Y%m%d}-{totals['overdue']}"


def settings_for(user: User) -> TriageSettings:
    return TriageSettings.for_user(user, user.clinics.all())


@requires_permission(Permission.VIEW_PATIENTS)
@require_safe
def triage_list(request: HttpRequest) -> HttpResponse:
    user = current_user(request)
    context = list_context(user, request.GET)
    selects = filters.select_fields(user.clinics.all(), context["settings"])
    shared = {"shared_filters": list(shared_filters_of(user)), "clinics": user.clinics.all()}
    return render(request, "alerts/triage_list.html", context | {"selects": selects} | shared)


@requires_permission(Permission.VIEW_PATIENTS)
@require_GET
@only_if_changed(list_version)
def triage_list_live(request: HttpRequest) -> HttpResponse:
    return render(request, "alerts/_triage_list.html", list_context(current_user(request), request.GET))


@requires_permission(Permission.VIEW_PATIENTS)
@require_POST
def save_filters(request: HttpRequest) -> HttpResponse:
    """Posted, because what a list is filtered by must not be in an address."""
    user = current_user(request)
    prefetch_related_objects([user], "clinics")
    changed = TriageSettings() if "everybody" in request.POST else settings_for(user).with_changes(request.POST.dict())
    save_preference(by=user, name=filters.TRIAGE_PREFERENCE, value=asdict(changed))
    return redirect("triage:list")


@requires_permission(Permission.VIEW_PATIENTS)
@require_POST
def switch_shortcuts(request: HttpRequest) -> HttpResponse:
    """Single-key shortcuts on or off, per person: people who dictate switch them off."""
    save_preference(by=current_user(request), name=SHORTCUTS_PREFERENCE, value=request.POST.get("on") == "1")
    return redirect("triage:list")


def list_context(user: User, query: Mapping[str, str]) -> dict[str, Any]:
    prefetch_related_objects([user], "clinics")
    version = list_version(user)  # before the rows: a change meanwhile comes with the next poll
    settings, now = settings_for(user), timezone.now()
    patients = filters.selected_patients(user, settings)
    entries = filters.entries_of(patients)
    counts = filters.count_sections(entries)
    section = Section(query["section"]) if query.get("section") in SECTION_LABELS else None
    chosen = {section} if section else set(Section) - set(FOLDED_SECTIONS)
    visible = filters.entries_of(Patient.objects.visible_to(user))
    page = paginate(
        entries.filter(shown_rank__in=[RANKS[each] for each in chosen]),
        keys=SORT_KEYS,
        request=PageRequest.from_query(query),
        size=PAGE_SIZE,
        anchors=visible,
        rows=visible.select_related("patient__clinic"),
        total=sum(counts[each] for each in chosen),
    )
    not_assessed, not_assessed_count = filters.name_not_assessed(patients)
    audit_log.record_event(AuditAction.LIST, by=user, patients=[each.pk for each in (*page.rows, *not_assessed)])
    section_query = urlencode({"section": section}) if section else ""
    return {
        "version": version,
        "page": page,
        "rows": triage_rows_for(page.rows, user=user, units=units_for(user), now=now),
        "settings": settings,
        "sections": describe_sections(counts, section),
        "section": section,
        "section_label": SECTION_LABELS[section] if section else "",
        "filter_query": section_query,
        "list_query": "&".join(filter(None, [section_query, page.query])),
        "critical_count": filters.count_critical(user),
        "not_assessed": not_assessed,
        "not_assessed_count": not_assessed_count,
        "several_clinics": len(user.clinics.all()) > 1,
        "has_sound": choices_of(user).has_sound,
        "shortcuts": user.preferences.get(SHORTCUTS_PREFERENCE, True),
    }


def describe_sections(counts: Mapping[Section, int], selected: Section | None) -> list[SectionCount]:
    """Those with patients, and the selected one."""
    return [
        SectionCount(
            section, SECTION_LABELS[section], count, urlencode({"section": section.value}), section is selected
        )
        for section, count in counts.items()
        if count or section is selected
    ]
