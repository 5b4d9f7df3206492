"""Admin pages of unknown devices: what is known about each, and attach, look up again or dismiss."""

from __future__ import annotations

import uuid
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from devices.gateway_holders import GatewayHeldError, SharingReason, record_shown_holders
from devices.models import Delivery
from devices.outbox import waiting_reasons
from devices.sync import reading_runs, unknown_devices
from devices.sync.unknown_devices import NotAttachable, UnknownDevice
from patients import search
from patients.admin_site.base import has_model_permission
from patients.audit import audit_log
from patients.models import AuditEvent, Patient
from patients.permissions import current_user
from patients.queueing.wakeup import wake_worker

MAX_FOUND = 20
OTHER_CLINIC_MESSAGE = "Nothing was changed: its deliveries name a patient of another clinic."
DISMISS_REASONS = (
    "The vendor's test message",
    "A device of none of our patients",
    "Returned or replaced, its readings don't matter",
)


class SearchForm(forms.Form):
    """Sent by POST: a URL never carries a name."""

    text = forms.CharField(max_length=search.MAX_QUERY_LENGTH, label=search.SEARCHED_FOR)


class AttachForm(forms.Form):
    patient = forms.UUIDField()
    confirmed = forms.BooleanField(required=False)
    sharing_reason = forms.ChoiceField(choices=SharingReason.choices, required=False)


class DismissForm(forms.Form):
    reason = forms.ChoiceField(choices=[(reason, reason) for reason in DISMISS_REASONS])


def unknown_device_urls(site: Any) -> list[Any]:
    return [
        path("unknown/", site.admin_view(unknown_device_list), name="devices_unknown_device_list"),
        path("unknown/<uuid:hwi_id>/", site.admin_view(unknown_device_detail), name="devices_unknown_device"),
    ]


@require_safe
def unknown_device_list(request: HttpRequest) -> HttpResponse:
    require_view_permission(request)
    listed, stop = unknown_devices.list_unknown_devices(), waiting_reasons.background_lane_stop()
    return render_unknown_page(request, "list", title="Unknown devices", unknown_devices=listed, lane_stop=stop)


@require_http_methods(["GET", "HEAD", "POST"])
def unknown_device_detail(request: HttpRequest, hwi_id: uuid.UUID) -> HttpResponse:
    require_view_permission(request)
    unknown_device = unknown_devices.find_unknown_device(hwi_id)
    if unknown_device is None:
        raise Http404("Nothing of such a device waits.")
    if request.method == "POST":
        if not has_model_permission(request, "replay", Delivery):
            raise PermissionDenied
        answer = CHOICE_HANDLERS.get(request.POST.get("choice", ""), search_patients)(request, unknown_device)
        return answer or redirect("admin:devices_unknown_device_list")
    return render_detail(request, unknown_device)


def require_view_permission(request: HttpRequest) -> None:
    if not has_model_permission(request, "view", Delivery):
        raise PermissionDenied


def search_patients(request: HttpRequest, unknown_device: UnknownDevice) -> HttpResponse:
    form = SearchForm(request.POST)
    return render_detail(
        request, unknown_device, search=form, found=find_visible_patients(request, form) if form.is_valid() else None
    )


def find_visible_patients(request: HttpRequest, form: SearchForm) -> list[Patient]:
    """Of own clinics only; who was shown is audited."""
    user, text = current_user(request), form.cleaned_data["text"]
    own = Patient.objects.visible_to(user).select_related("clinic")
    found = list(own.filter(search.patient_search_filter(text)).order_by("family_name", "given_name", "pk")[:MAX_FOUND])
    audit_log.record_event(AuditEvent.Action.SEARCH, by=user, patients=[patient.pk for patient in found])
    return found


def attach_device(request: HttpRequest, unknown_device: UnknownDevice) -> HttpResponse | None:
    form, user = AttachForm(request.POST), current_user(request)
    patient = None
    if form.is_valid():
        patient = Patient.objects.visible_to(user).filter(pk=form.cleaned_data["patient"]).first()
    if patient is None:
        messages.error(request, "Choose one of the patients first.")
        return render_detail(request, unknown_device)
    if not unknown_device.confirmed and not form.cleaned_data["confirmed"]:
        messages.error(request, "The vendor doesn't know this device: confirm that you have it, or ask again.")
        return render_detail(request, unknown_device)
    try:
        unknown_devices.attach_unknown_device(
            hwi_id=unknown_device.hwi_id, patient=patient, by=user, sharing_reason=form.cleaned_data["sharing_reason"]
        )
    except GatewayHeldError as error:
        messages.error(request, error.holders.message_for(user))
        record_shown_holders([error.holders], by=user)
        reasons = [] if error.holders.outside_clinic else SharingReason.choices
        return render_detail(request, unknown_device, found=[patient], sharing_reasons=reasons)
    except NotAttachable as error:
        messages.error(request, str(error))
        return render_detail(request, unknown_device)
    reading_runs.schedule_pull([patient.pk])  # what its webhooks brought is not all that it has sent
    for work in ("measurement_webhooks", "reading_pulls", "fulfillment_webhooks"):
        wake_worker(work)
    messages.success(request, "Attached. What the device sent is being processed.")
    return None


def request_lookup(request: HttpRequest, unknown_device: UnknownDevice) -> None:
    if not unknown_devices.request_another_lookup(hwi_id=unknown_device.hwi_id, by=current_user(request)):
        messages.error(request, OTHER_CLINIC_MESSAGE)
        return
    wake_worker("unknown_devices")
    messages.success(request, "The vendor is asked once more. Check here again in a few minutes.")


def dismiss_device(request: HttpRequest, unknown_device: UnknownDevice) -> HttpResponse | None:
    form = DismissForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Choose why first.")
        return render_detail(request, unknown_device)
    count = unknown_devices.dismiss_unknown_device(
        hwi_id=unknown_device.hwi_id, reason=form.cleaned_data["reason"], by=current_user(request)
    )
    if count:
        messages.success(request, f"Dismissed: {count}.")
    else:
        messages.error(request, OTHER_CLINIC_MESSAGE)
    return None


CHOICE_HANDLERS = {"attach": attach_device, "ask": request_lookup, "dismiss": dismiss_device}


def render_detail(request: HttpRequest, unknown_device: UnknownDevice, **more: Any) -> HttpResponse:
    facts, user = unknown_devices.device_facts_for(unknown_device.hwi_id), current_user(request)
    suggested = unknown_devices.suggest_patient(facts, to=user)
    audit_log.record_event(
        AuditEvent.Action.ADMIN_VIEW, by=user, patients=[suggested.pk] if suggested else [],
        target=f"device:{unknown_device.hwi_id}",
    )  # fmt: skip
    shown = {
        "unknown_device": unknown_device,
        "facts": facts,
        "suggested": suggested,
        "reasons": DISMISS_REASONS,
        "sharing_reasons": [],
        **more,
    }
    return render_unknown_page(request, "detail", title=f"Unknown device {str(unknown_device.hwi_id)[:8]}", **shown)


def render_unknown_page(request: HttpRequest, name: str, **shown: Any) -> HttpResponse:
    context = {**admin.site.each_context(request), "opts": Delivery._meta, "search": SearchForm(), "found": None}
    context["zone"] = timezone.get_current_timezone_name()
    return TemplateResponse(request, f"admin/devices/unknown_devices/{name}.html", {**context, **shown})
