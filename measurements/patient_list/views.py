"""The list of patients: as a person arranged it, or what a search found. Each showing is one audit row with the ids."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from measurements import units
from measurements.patient_list import facets, filters, pagination
from measurements.patient_list.columns import COLUMNS, MEASURED_DAYS
from measurements.patient_list.filters import Chosen
from measurements.patient_list.pagination import Page, Turn
from measurements.patient_list.rows import rows_of
from patients import preferences, providers, search
from patients.audit import audit_log
from patients.models import Condition, Patient, User
from patients.models.audit import AuditAction
from patients.permissions import Act, person, requires
from patients.polling import only_news


@requires(Act.SEE_PATIENTS)
@sensitive_post_parameters("q")
@require_http_methods(["GET", "HEAD", "POST"])
def patients(request: HttpRequest) -> HttpResponse:
    """A search is posted: what is searched for never stands in an address."""
    user = person(request)
    prefetch_related_objects([user], "clinics")  # asked for here, by the rows and by the page's head
    if asked := request.POST.get("q", "").strip():
        return render(request, "patients/list.html", {"asked": asked} | _found(user, asked) | _choices(user))
    return render(request, "patients/list.html", {"asked": ""} | _arranged(request, user) | _choices(user))


def _chosen(user: User) -> Chosen:
    return Chosen.of(user).among(user.clinics.all())


def _version(user: User) -> str:
    """Of all of whom the list shows a part, and of how it is arranged."""
    chosen, enrolled = _chosen(user), Patient.objects.visible_to(user).enrolled()
    return f"{filters.grouped(enrolled, chosen).version_of_all()}-{chosen.mark}"


@requires(Act.SEE_PATIENTS)
@require_GET
@only_news(_version)
def live(request: HttpRequest) -> HttpResponse:
    return render(request, "patients/_list_live.html", _arranged(request, person(request)))


@requires(Act.SEE_PATIENTS)
@require_POST
def arrange(request: HttpRequest) -> HttpResponse:
    """Sort or narrow the person's own list, from now on. Posted: a provider's name has no place in an address."""
    user = person(request)
    chosen = Chosen() if "everybody" in request.POST else Chosen.of(user).changed(request.POST.dict())
    preferences.remember(by=user, name=filters.PREFERENCE, value=asdict(chosen))
    return redirect("patients:list")


def _arranged(request: HttpRequest, user: User) -> dict[str, Any]:
    chosen, everybody = _chosen(user), Patient.objects.visible_to(user)
    grouped, turn = filters.grouped(everybody.enrolled(), chosen), Turn.read(request.GET.dict())
    found = facets.counted(grouped, chosen)  # before what it stands for is read: what changes meanwhile is news
    page = pagination.page_of(
        filters.narrowed(grouped, chosen), everybody=everybody, order=chosen.order, turn=turn, total=found.shown
    )
    return _shown(user, page, chosen, AuditAction.LIST) | {
        "version": f"{found.version}-{chosen.mark}",
        "device_chips": found.devices,
        "silence_chips": found.silence,
    }


def _found(user: User, asked: str) -> dict[str, Any]:
    """By name, the first page. Discharged patients too: a nurse who types a name wants that person."""
    everybody = Patient.objects.visible_to(user)
    found, chosen = everybody.filter(search.matching(asked)), Chosen()
    page = pagination.page_of(found, everybody=everybody, order=chosen.order, turn=Turn())
    return _shown(user, page, chosen, AuditAction.SEARCH)


def _shown(user: User, page: Page, chosen: Chosen, action: AuditAction) -> dict[str, Any]:
    audit_log.record(action, by=user, patients=[patient.pk for patient in page.patients])
    read_in = units.of(user)
    return {
        "rows": rows_of(page.patients, now=timezone.now(), units=read_in),
        "units": read_in,
        "page": page,
        "total": page.total,
        "chosen": chosen,
        "columns": COLUMNS,
        "measured_days": MEASURED_DAYS,
        "several_clinics": len(user.clinics.all()) > 1,
    }


def _choices(user: User) -> dict[str, Any]:
    """What the lists above the table offer; and whose clock a printed one goes by."""
    clinics = user.clinics.all()
    return {
        "zone": next((clinic.time_zone for clinic in clinics), "UTC"),
        "clinics": [(str(clinic.pk), clinic.name) for clinic in clinics],
        "conditions": Condition.choices,
        "providers": providers.of_clinics(clinic.pk for clinic in clinics),
    }
