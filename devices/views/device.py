"""The device page: its state and what to do, its holders, hardware history, orders and newest readings."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from devices import device_issues, kit_strings, step_durations, step_goals
from devices.forms import StepGoalForm
from devices.models import Assignment, Device, VendorCall
from devices.models.vendor_call import CallKind, CallState
from devices.models.webhook_self_test import SelfTestKind
from devices.outbox import manual_lookup, record_calls, step_goal_calls, waiting_reasons
from devices.statuses import DeviceState
from devices.sync import upsert
from devices.webhooks import self_test
from patients.audit import audit_log
from patients.folding import fold_case
from patients.models import Patient, User
from patients.models.audit import AuditAction
from patients.permissions import Permission, current_user, get_patient_audited, requires_permission
from patients.polling import only_if_changed
from patients.queueing.wakeup import wake_worker

REFRESH_REQUESTED = "The vendor is being asked. What it says is shown here."


@dataclass(frozen=True)
class AssignmentDisplay:
    """Who held it from when to when. `patient` is empty for one of another clinic."""

    patient: Patient | None
    started_at: dt.datetime | None
    ended_at: dt.datetime | None
    end_reason: str


@requires_permission(Permission.VIEW_PATIENTS)
@require_safe
def device_page(request: HttpRequest, hwi_id: uuid.UUID) -> HttpResponse:
    device, holder = get_device_audited(request, hwi_id)
    return render(request, "devices/device_detail.html", device_context(device, holder, current_user(request)))


def device_live_version(user: User, hwi_id: uuid.UUID) -> int | None:
    """Of its holder."""
    return Device.objects.visible_to(user).filter(hwi_id=hwi_id).values_list("patient__live_version", flat=True).first()


@requires_permission(Permission.VIEW_PATIENTS)
@require_safe
@only_if_changed(device_live_version)
def device_live(request: HttpRequest, hwi_id: uuid.UUID) -> HttpResponse:
    device, holder = get_device_audited(request, hwi_id)
    return render(request, "devices/_device_detail.html", device_context(device, holder, current_user(request)))


@requires_permission(Permission.VIEW_PATIENTS)
@require_POST
def refresh_device(request: HttpRequest, hwi_id: uuid.UUID) -> HttpResponse:
    device = get_visible_device(request, hwi_id)
    manual_lookup.request_device_refresh(device)
    self_test.request_step(SelfTestKind.PIN_CHECK, by=current_user(request), device=device)
    messages.info(request, REFRESH_REQUESTED)
    return redirect("devices:page", hwi_id)


@requires_permission(Permission.PLACE_ORDERS)
@require_POST
def detach_device(request: HttpRequest, hwi_id: uuid.UUID) -> HttpResponse:
    """Of a device that has ended: the vendor forgets whose it was. A linked one is ended first."""
    device, user = get_visible_device(request, hwi_id), current_user(request)
    if not can_detach(device):
        messages.error(request, "Only a device that is no longer linked can be detached from its patient.")
        return redirect("devices:page", hwi_id)
    record_calls.request_detach(device, by=user)
    audit_log.record_event(
        AuditAction.DETACH_DEVICE, by=user, patients=[device.patient_id] if device.patient_id else [],
        target=f"device:{device.pk}",
    )  # fmt: skip
    wake_worker("vendor_calls")
    messages.info(request, "The vendor is asked to detach the device from the patient.")
    return redirect("devices:page", hwi_id)


@requires_permission(Permission.SET_STEP_GOALS)
@require_POST
def set_step_goal(request: HttpRequest, hwi_id: uuid.UUID) -> HttpResponse:
    """What was typed stays on the page until it is right."""
    device, holder = get_device_audited(request, hwi_id)
    user, form = current_user(request), StepGoalForm(request.POST)
    if not step_goals.can_set_goal(device):
        messages.error(request, "Only a linked device that counts steps has a step goal.")
        return redirect("devices:page", hwi_id)
    if not form.is_valid():
        context = device_context(device, holder, user) | {"step_goal_form": form}
        return render(request, "devices/device_detail.html", context)
    step_goal_calls.request_step_goal(device, steps=form.cleaned_data["steps"], by=user)
    audit_log.record_event(AuditAction.STEP_GOAL, by=user, patients=[holder.pk], target=f"device:{device.pk}")
    wake_worker("vendor_calls")
    messages.info(request, "The step goal is being sent to Tenovi. What became of it is shown here.")
    return redirect("devices:page", hwi_id)


def can_detach(device: Device) -> bool:
    return bool(device.vendor_patient_id) and device.state == DeviceState.UNLINKED


def get_visible_device(request: HttpRequest, hwi_id: uuid.UUID) -> Device:
    visible = Device.objects.visible_to(current_user(request)).select_related("gateway", "device_type")
    return get_object_or_404(visible, hwi_id=hwi_id)


def get_device_audited(request: HttpRequest, hwi_id: uuid.UUID) -> tuple[Device, Patient]:
    """With its holder, whose audited read this is."""
    device = get_visible_device(request, hwi_id)
    if device.patient_id is None:
        raise Http404("No such device.")
    device.patient = get_patient_audited(device.patient_id, by=current_user(request))
    return device, device.patient


def device_context(device: Device, holder: Patient, user: User) -> dict[str, Any]:
    now, linked_to = timezone.now(), fold_case(device.vendor_patient_id)
    asking = refresh_pending_since(device, now)
    issues = device_issues.issues_for_device(device, now=now)
    goal = step_goals.find_step_goal_state(device) if step_goals.counts_steps(device) else None
    return {
        "device": device,
        "holder": holder,
        "people": [holder],
        "zone": holder.clinic.time_zone,
        "words": step_durations.describe_device(device),
        "issues": issues,
        "show_meaning": device.state != DeviceState.CONNECTED or not issues,
        "asking": asking,
        "lane_stop": waiting_reasons.user_lane_stop() if asking else None,
        "listed": device_issues.whitelist_entry_for(device),
        "elsewhere": bool(linked_to) and linked_to not in upsert.vendor_ids_of_assigned_patient(device),
        "can_detach": can_detach(device),
        "detach_note": record_calls.describe_detach(device) if can_detach(device) else "",
        "kit_string": kit_strings.kit_string_of(device),
        "step_goal": goal,
        "step_goal_form": StepGoalForm(initial={"steps": goal.steps if goal else None}),
        "can_set_goal": step_goals.can_set_goal(device),
        "holdings": assignments_for_display(device, holder, user),
        "changes": list(device.hardware_changes.order_by("-pk")),
    }


def refresh_pending_since(device: Device, now: dt.datetime) -> dt.datetime | None:
    """Since when a look-up has been due: of the device, of its gateway, or of the log of its hardware."""
    due = [at for at in (device.refresh_due_at, device.hardware_log_due_at) if at and at <= now]
    asked = device.gateway.lookup_requested_at if device.gateway else None
    return min([*due, asked] if asked else due, default=None)


def assignments_for_display(device: Device, holder: Patient, user: User) -> list[AssignmentDisplay]:
    """Newest first. Former holders whom this person may see are written down as seen; others stay unnamed."""
    rows = list(device.assignments.order_by("-started_at", "-created_at"))
    former = {row.patient_id for row in rows} - {holder.pk}
    own = Patient.objects.visible_to(user).in_bulk(former) if former else {}
    if own:
        audit_log.record_event(AuditAction.LIST, by=user, patients=own, target=f"device:{device.hwi_id}")
    shown = own | {holder.pk: holder}
    ended_by = endings_by_patient(device)
    return [
        AssignmentDisplay(
            patient, row.started_at, row.ended_at, describe_assignment_end(row, device, ended_by) if patient else ""
        )
        for row in rows
        for patient in (shown.get(row.patient_id),)
    ]


def endings_by_patient(device: Device) -> dict[uuid.UUID | None, str]:
    """By patient: who asked for the end that the vendor confirmed."""
    ends = VendorCall.objects.filter(device=device, kind__in=CallKind.ending(), state=CallState.CONFIRMED)
    return {
        call.patient_id: call.requested_by.name if call.requested_by else ""
        for call in ends.select_related("requested_by").order_by("created_at")
    }


def describe_assignment_end(row: Assignment, device: Device, ended_by: dict[uuid.UUID | None, str]) -> str:
    if row.ended_at is None:
        return ""
    if row.patient_id in ended_by:
        return f"monitoring ended by {ended_by[row.patient_id]}".removesuffix(" by ")
    return "unlinked at the vendor" if device.unlinked_on == row.ended_at else "ended at the vendor"
