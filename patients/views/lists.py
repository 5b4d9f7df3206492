"""The list of patients: pages by name, or what a search found. Each showing is one audit row with the ids shown."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Paginator
from django.db.models import Count, QuerySet, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_GET, require_http_methods

from patients import audit, search
from patients.access import Act, person, requires
from patients.models import Patient, User
from patients.models.audit import AuditAction
from patients.views.rows import MEASURED_DAYS, rows_of

PAGE_SIZE = 50


@requires(Act.SEE_PATIENTS)
@sensitive_post_parameters("q")
@require_http_methods(["GET", "HEAD", "POST"])
def patients(request: HttpRequest) -> HttpResponse:
    """A search is posted: what is searched for never stands in an address."""
    user = person(request)
    asked = request.POST.get("q", "").strip()
    found = _found(user, asked) if asked else _enrolled(user)
    action = AuditAction.SEARCH if asked else AuditAction.LIST
    return render(request, "patients/list.html", {"asked": asked} | _shown(request, user, found, action))


@requires(Act.SEE_PATIENTS)
@require_GET
def live(request: HttpRequest) -> HttpResponse:
    """204 while nothing that the list shows has changed."""
    user = person(request)
    if request.GET.get("v") == _version(user):
        return HttpResponse(status=204)
    shown = _shown(request, user, _enrolled(user), AuditAction.LIST)
    return render(request, "patients/_list_live.html", shown)


def _enrolled(user: User) -> QuerySet[Patient]:
    return Patient.objects.visible_to(user).enrolled()


def _found(user: User, asked: str) -> QuerySet[Patient]:
    """Discharged patients too: a nurse who types a name wants that person."""
    return Patient.objects.visible_to(user).filter(search.matching(asked))


def _version(user: User) -> str:
    totals = _enrolled(user).aggregate(count=Count("pk"), versions=Sum("version", default=0))
    return f"{totals['count']}-{totals['versions']}"


def _shown(request: HttpRequest, user: User, found: QuerySet[Patient], action: AuditAction) -> dict[str, Any]:
    version = _version(user)
    paginator = Paginator(found.select_related("clinic").order_by("family_name", "given_name", "pk"), PAGE_SIZE)
    page = paginator.get_page(request.GET.get("page"))
    shown = list(page.object_list)
    audit.record(action, by=user, patients=[patient.pk for patient in shown])
    return {
        "rows": rows_of(shown, now=timezone.now()),
        "page": page,
        "total": paginator.count,
        "version": version,
        "measured_days": MEASURED_DAYS,
        "several_clinics": user.clinics.count() > 1,
    }
