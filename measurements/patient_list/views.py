"""The list of patients: as a person arranged it, or what a search found. Each showing is one audit row with the ids."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from measurements import units
from measurements.patient_list import facets, filters, pagination
from measurements.patient_list.columns import MEASURED_DAYS_WINDOW, SORT_COLUMNS
from measurements.patient_list.filters import PatientListSettings
from measurements.patient_list.pagination import PageRequest, PatientListPage
from measurements.patient_list.rows import patient_rows_for
from patients import practitioners, preferences, search
from patients.audit import audit_log
from patients.models import Condition, Patient, User
from patients.models.audit import AuditAction
from patients.permissions import Permission, current_user, requires_permission
from patients.polling import only_if_changed


@requires_permission(Permission.VIEW_PATIENTS)
@sensitive_post_parameters("q")
@require_http_methods(["GET", "HEAD", "POST"])
def patient_list(request: HttpRequest) -> HttpResponse:
    """A search is posted: what is searched for never stands in an address."""
    user = current_user(request)
    prefetch_related_objects([user], "clinics")  # asked for here, by the rows and by the page's head
    if asked := request.POST.get("q", "").strip():
        return render(
            request,
            "measurements/patient_list.html",
            {"asked": asked} | search_results_context(user, asked) | filter_choices(user),
        )
    return render(
        request,
        "measurements/patient_list.html",
        {"asked": ""} | patient_list_context(request, user) | filter_choices(user),
    )


def list_settings_for(user: User) -> PatientListSettings:
    clinics = user.clinics.all()
    chosen = PatientListSettings.from_preferences(user).limited_to_clinics(clinics)
    if chosen.provider and not practitioners.exists_in(clinics, int(chosen.provider)):
        return replace(chosen, provider="")
    return chosen


def list_live_version(user: User) -> str:
    """Of all of whom the list shows a part, and of how it is arranged."""
    chosen, enrolled = list_settings_for(user), Patient.objects.visible_to(user).enrolled()
    return f"{filters.apply_list_filters(enrolled, chosen).combined_live_version()}-{chosen.fingerprint}"


@requires_permission(Permission.VIEW_PATIENTS)
@require_GET
@only_if_changed(list_live_version)
def list_live_update(request: HttpRequest) -> HttpResponse:
    return render(request, "measurements/_patient_list_live.html", patient_list_context(request, current_user(request)))


@requires_permission(Permission.VIEW_PATIENTS)
@require_POST
def save_list_settings(request: HttpRequest) -> HttpResponse:
    """Sort or narrow the person's own list, from now on. Posted: what it is narrowed by has no place in an address."""
    user = current_user(request)
    chosen = (
        PatientListSettings()
        if "everybody" in request.POST
        else PatientListSettings.from_preferences(user).with_changes(request.POST.dict())
    )
    preferences.save_preference(by=user, name=filters.LIST_PREFERENCE, value=asdict(chosen))
    return redirect("patients:list")


def patient_list_context(request: HttpRequest, user: User) -> dict[str, Any]:
    chosen, everybody = list_settings_for(user), Patient.objects.visible_to(user)
    grouped, turn = filters.apply_list_filters(everybody.enrolled(), chosen), PageRequest.from_query(request.GET.dict())
    found = facets.count_facets(grouped, chosen)  # before what it stands for is read: what changes meanwhile is news
    page = pagination.paginate_patients(
        filters.apply_facet_filters(grouped, chosen),
        visible_patients=everybody,
        order=chosen.sort_order,
        page_request=turn,
        total=found.shown_count,
    )
    return list_page_context(user, page, chosen, AuditAction.LIST) | {
        "version": f"{found.list_version}-{chosen.fingerprint}",
        "device_chips": found.devices,
        "silence_chips": found.silence,
    }


def search_results_context(user: User, asked: str) -> dict[str, Any]:
    """By name, the first page. Discharged patients too: a nurse who types a name wants that person."""
    everybody = Patient.objects.visible_to(user)
    found, chosen = everybody.filter(search.patient_search_filter(asked)), PatientListSettings()
    page = pagination.paginate_patients(
        found, visible_patients=everybody, order=chosen.sort_order, page_request=PageRequest()
    )
    return list_page_context(user, page, chosen, AuditAction.SEARCH)


def list_page_context(
    user: User, page: PatientListPage, chosen: PatientListSettings, action: AuditAction
) -> dict[str, Any]:
    audit_log.record_event(action, by=user, patients=[patient.pk for patient in page.patients])
    read_in = units.units_for(user)
    return {
        "rows": patient_rows_for(page.patients, now=timezone.now(), units=read_in),
        "units": read_in,
        "page": page,
        "total": page.total,
        "chosen": chosen,
        "columns": SORT_COLUMNS,
        "measured_days": MEASURED_DAYS_WINDOW,
        "several_clinics": len(user.clinics.all()) > 1,
    }


def filter_choices(user: User) -> dict[str, Any]:
    """What the lists above the table offer; and whose clock a printed one goes by."""
    clinics = user.clinics.all()
    return {
        "zone": next((clinic.time_zone for clinic in clinics), "UTC"),
        "clinics": [(str(clinic.pk), clinic.name) for clinic in clinics],
        "conditions": Condition.choices,
        "providers": practitioners.filter_choices(clinics, chosen=list_settings_for(user).provider),
    }
