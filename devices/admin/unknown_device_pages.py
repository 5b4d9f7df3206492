"""Unknown devices: each with what is known about it, and a choice for whoever looks after the clinic."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.views.decorators.http import require_http_methods, require_safe

from devices.models import Delivery
from devices.sync import unknown_devices
from devices.sync.unknown_devices import NotAttachable, Stranger
from measurements.sync import pull as readings
from patients.admin_site.base import may
from patients.audit import audit_log
from patients.models import AuditEvent, Patient
from patients.permissions import person
from patients.queueing.wakeup import nudge
from patients.search import matching

MOST_FOUND = 20
REASONS = (
    "The vendor's test message",
    "A device of nobody in our care",
    "Returned or replaced, its readings don't matter",
)


class SearchForm(forms.Form):
    """Sent by POST: names never stand in an address."""

    text = forms.CharField(max_length=80, label="Name, MRN, birth date or id")


class AttachForm(forms.Form):
    patient = forms.UUIDField()
    sure = forms.BooleanField(required=False)


class DismissForm(forms.Form):
    reason = forms.ChoiceField(choices=[(reason, reason) for reason in REASONS])


def urls(site: Any) -> list[Any]:
    return [
        path("unknown/", site.admin_view(listing), name="devices_unknown_list"),
        path("unknown/<uuid:hwi_id>/", site.admin_view(one), name="devices_unknown"),
    ]


@require_safe
def listing(request: HttpRequest) -> HttpResponse:
    _may_look(request)
    return _page(request, "list", title="Unknown devices", strangers=unknown_devices.listed())


@require_http_methods(["GET", "HEAD", "POST"])
def one(request: HttpRequest, hwi_id: uuid.UUID) -> HttpResponse:
    _may_look(request)
    stranger = unknown_devices.find(hwi_id)
    if stranger is None:
        raise Http404("Nothing of such a device waits.")
    if request.method == "POST":
        if not may(request, "replay", Delivery):
            raise PermissionDenied
        answer = CHOICES.get(request.POST.get("choice", ""), _search)(request, stranger)
        return answer or redirect("admin:devices_unknown_list")
    return _one(request, stranger)


def _may_look(request: HttpRequest) -> None:
    if not may(request, "view", Delivery):
        raise PermissionDenied


def _search(request: HttpRequest, stranger: Stranger) -> HttpResponse:
    form = SearchForm(request.POST)
    return _one(request, stranger, search=form, found=_found(request, form) if form.is_valid() else None)


def _found(request: HttpRequest, form: SearchForm) -> list[Patient]:
    """Of own clinics only; who was shown is audited."""
    user, text = person(request), form.cleaned_data["text"]
    own = Patient.objects.visible_to(user).select_related("clinic")
    wanted = _by_id(text) or matching(text)
    found = list(own.filter(wanted).order_by("family_name", "given_name", "pk")[:MOST_FOUND])
    audit_log.record(AuditEvent.Action.SEARCH, by=user, patients=[patient.pk for patient in found])
    return found


def _by_id(text: str) -> Q | None:
    """Our own id of a patient, or the vendor's."""
    try:
        return Q(pk=uuid.UUID(text.strip()))
    except ValueError:
        known = Patient.objects.known_as(text.strip())
        return Q(pk=known.pk) if known else None


def _attach(request: HttpRequest, stranger: Stranger) -> HttpResponse | None:
    form, user = AttachForm(request.POST), person(request)
    patient = None
    if form.is_valid():
        patient = Patient.objects.visible_to(user).filter(pk=form.cleaned_data["patient"]).first()
    if patient is None:
        messages.error(request, "Choose one of the patients first.")
        return _one(request, stranger)
    if not stranger.confirmed and not form.cleaned_data["sure"]:
        messages.error(request, "The vendor doesn't know this device: say that you have it before you, or ask again.")
        return _one(request, stranger)
    try:
        unknown_devices.attach(hwi_id=stranger.hwi_id, patient=patient, by=user)
    except NotAttachable as error:
        messages.error(request, str(error))
        return _one(request, stranger)
    readings.pull_soon([patient.pk])  # what its webhooks brought is not all that it has sent
    for task in ("measurements.tasks.ingest", "measurements.tasks.pull", "fulfillment.tasks.take_in_fulfillment"):
        nudge(task)
    messages.success(request, "Attached. What the device sent is being worked on.")
    return None


def _ask(request: HttpRequest, stranger: Stranger) -> None:
    unknown_devices.ask_again(hwi_id=stranger.hwi_id, by=person(request))
    nudge("devices.tasks.look_up_unknown")
    messages.success(request, "The vendor is asked once more. Look here again in a few minutes.")


def _dismiss(request: HttpRequest, stranger: Stranger) -> HttpResponse | None:
    form = DismissForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Choose why first.")
        return _one(request, stranger)
    count = unknown_devices.dismiss(hwi_id=stranger.hwi_id, reason=form.cleaned_data["reason"], by=person(request))
    messages.success(request, f"{count} deliveries dismissed.")
    return None


CHOICES = {"attach": _attach, "ask": _ask, "dismiss": _dismiss}


def _one(request: HttpRequest, stranger: Stranger, **more: Any) -> HttpResponse:
    facts, user = unknown_devices.facts_of(stranger.hwi_id), person(request)
    suggested = unknown_devices.suggested(facts, to=user)
    audit_log.record(
        AuditEvent.Action.ADMIN_VIEW, by=user, patients=[suggested.pk] if suggested else [],
        target=f"device:{stranger.hwi_id}",
    )  # fmt: skip
    shown = {"stranger": stranger, "facts": facts, "suggested": suggested, "reasons": REASONS, **more}
    return _page(request, "one", title=f"Unknown device {str(stranger.hwi_id)[:8]}", **shown)


def _page(request: HttpRequest, name: str, **shown: Any) -> HttpResponse:
    context = {**admin.site.each_context(request), "opts": Delivery._meta, "search": SearchForm(), "found": None}
    return TemplateResponse(request, f"admin/devices/unknown/{name}.html", {**context, **shown})
