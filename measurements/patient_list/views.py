"""Patient list page: filtered and sorted as the user last chose, or a search. Each view writes one audit event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, replace
from typing import Any

from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from measurements.patient_list import facets, filters
from measurements.patient_list.columns import COLUMNS, SORT_COLUMNS
from measurements.patient_list.filters import PatientListSettings
from measurements.patient_list.rows import patient_rows_for
from measurements.units import DisplayUnits, Unit, units_for
from measurements.weeks.week_figures import AVERAGED_METRICS
from measurements.weeks.weekly_average import WEEK_DAYS
from patients import posted_searches, practitioners, preferences, search
from patients.audit import audit_log
from patients.lists.filters import SelectField, build_filter_row
from patients.lists.pagination import PageRequest, paginate
from patients.lists.sorting import ListColumn
from patients.models import Condition, Patient, User
from patients.models.audit import AuditAction
from patients.models.patient import PatientQuerySet
from patients.permissions import Permission, current_user, requires_permission
from patients.polling import only_if_changed

PAGE_SIZE = 50


@requires_permission(Permission.VIEW_PATIENTS)
@sensitive_post_parameters("q")
@require_http_methods(["GET", "HEAD", "POST"])
def patient_list(request: HttpRequest) -> HttpResponse:
    """The list, or the results of a posted search `q`: what is searched for is never in an address."""
    user = current_user(request)
    if request.method == "POST":
        text = request.POST.get("q", "").strip()[: search.MAX_QUERY_LENGTH]
        return posted_searches.redirect_to_results(request, {"q": text}) if text else redirect("patients:list")
    prefetch_related_objects([user], "clinics")
    if searched := posted_searches.find_search(request):
        return render(request, "measurements/patient_list.html", search_results_context(user, searched["q"]))
    context = patient_list_context(user, request.GET)
    selects = select_fields(user, context["settings"])
    return render(request, "measurements/patient_list.html", context | {"selects": selects})


def list_settings_for(user: User) -> PatientListSettings:
    clinics = user.clinics.all()
    chosen = PatientListSettings.from_preferences(user).limited_to_clinics(clinics)
    if chosen.provider and not practitioners.exists_in(clinics, int(chosen.provider)):
        return replace(chosen, provider="")
    return chosen


def list_live_version(user: User) -> str:
    """Of all patients that the selects leave, and of the settings."""
    settings, enrolled = list_settings_for(user), Patient.objects.visible_to(user).enrolled()
    return (
        f"{filters.apply_select_filters(enrolled, settings, user=user).combined_live_version()}-{settings.fingerprint}"
    )


@requires_permission(Permission.VIEW_PATIENTS)
@require_GET
@only_if_changed(list_live_version)
def list_live_update(request: HttpRequest) -> HttpResponse:
    context = patient_list_context(current_user(request), request.GET)
    return render(request, "measurements/_patient_list_live.html", context)


@requires_permission(Permission.VIEW_PATIENTS)
@require_POST
def save_list_settings(request: HttpRequest) -> HttpResponse:
    """Store the user's filters and sort order. Posted, because what a list is filtered by must not be in an address."""
    user = current_user(request)
    settings = (
        PatientListSettings()
        if "everybody" in request.POST
        else PatientListSettings.from_preferences(user).with_changes(request.POST.dict())
    )
    preferences.save_preference(by=user, name=filters.LIST_PREFERENCE, value=asdict(settings))
    return redirect("patients:list")


def patient_list_context(user: User, query: Mapping[str, str]) -> dict[str, Any]:
    settings, visible = list_settings_for(user), Patient.objects.visible_to(user)
    selected = filters.apply_select_filters(visible.enrolled(), settings, user=user)
    # Counted before the rows are read, so that a change meanwhile is sent by the next poll.
    counts = facets.count_facets(selected, settings)
    return list_page_context(
        user,
        filters.apply_facet_filters(selected, settings),
        settings=settings,
        request=PageRequest.from_query(query),
        total=counts.shown,
        action=AuditAction.LIST,
    ) | {
        "search_text": "",
        "version": f"{counts.live_version}-{settings.fingerprint}",
        "filter_rows": [
            build_filter_row(
                "devices", "Devices", filters.DEVICE_FILTERS, selected=settings.devices, counts=counts.devices
            ),
            build_filter_row(
                "silence", "Readings", filters.SILENCE_FILTERS, selected=settings.silence, counts=counts.silence
            ),
            build_filter_row(
                "marks", "Last 7 days", filters.MARK_FILTERS, selected=settings.marks, counts=counts.marks
            ),
        ],
    }


def search_results_context(user: User, search_text: str) -> dict[str, Any]:
    """The first page by name. Discharged patients too: a user who types a name wants that person."""
    found = Patient.objects.visible_to(user).filter(search.patient_search_filter(search_text))
    settings, first_page = PatientListSettings(), PageRequest()
    context = list_page_context(
        user, found, settings=settings, request=first_page, total=None, action=AuditAction.SEARCH
    )
    return context | {"search_text": search_text, "sort": None}


def list_page_context(
    user: User,
    patients: PatientQuerySet,
    *,
    settings: PatientListSettings,
    request: PageRequest,
    total: int | None,
    action: AuditAction,
) -> dict[str, Any]:
    visible, sort, units = Patient.objects.visible_to(user), settings.sort_order, units_for(user)
    clinics = user.clinics.all()
    several_clinics = len(clinics) > 1
    page = paginate(
        sort.annotate(patients),
        keys=sort.keys,
        request=request,
        size=PAGE_SIZE,
        anchors=sort.annotate(visible),
        rows=visible.select_related("clinic") if several_clinics else visible,
        total=total,
    )
    audit_log.record_event(action, by=user, patients=[patient.pk for patient in page.rows])
    return {
        "rows": patient_rows_for(page.rows, now=timezone.now(), units=units),
        "units": units,
        "page": page,
        "settings": settings,
        "sort": sort,
        "sort_columns": SORT_COLUMNS,
        "columns": columns_in(units),
        "several_clinics": several_clinics,
        "zone": next((clinic.time_zone for clinic in clinics), "UTC"),
    }


def columns_in(units: DisplayUnits) -> list[ListColumn]:
    """The columns with the names of the user's units, and which show the average of a week."""
    columns = []
    for column in COLUMNS:
        if column.unit:
            unit = units.preferred_unit(Unit(column.unit, 0)).name
            averaged = column.key in AVERAGED_METRICS
            columns.append(replace(column, unit=f"{unit}, {WEEK_DAYS}-day average" if averaged else unit))
        else:
            columns.append(column)
    return columns


def select_fields(user: User, settings: PatientListSettings) -> list[SelectField]:
    """Care team, clinic for a user of several clinics, condition, and provider where there are any."""
    clinics = user.clinics.all()
    offered = practitioners.filter_choices(clinics, chosen=settings.provider)
    clinic = SelectField("clinic", "Clinic", [(str(each.pk), each.name) for each in clinics], settings.clinic)
    condition = SelectField("condition", "Condition", Condition.choices, settings.condition)
    provider = SelectField("provider", "Provider", offered, settings.provider)
    care = SelectField("care", "Care team", list(filters.CARE_FILTERS.items()), settings.care)
    return [
        care,
        *([clinic] if len(clinics) > 1 else []),
        condition,
        *([provider] if offered else []),
    ]
