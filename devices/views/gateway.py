"""The gateway page: its status at the vendor, the devices on it and those that were."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.db.models import Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from devices import device_issues, kit_strings
from devices.models import Device, Gateway, HardwareChange
from devices.outbox import waiting_reasons
from devices.sync import gateway_status
from devices.views.device import REFRESH_REQUESTED
from patients.audit import audit_log
from patients.models import Patient, User
from patients.models.audit import AuditAction
from patients.permissions import Permission, current_user, requires_permission
from patients.polling import only_if_changed


@requires_permission(Permission.VIEW_PATIENTS)
@require_safe
def gateway_page(request: HttpRequest, gateway_id: uuid.UUID) -> HttpResponse:
    gateway = get_visible_gateway(request, gateway_id)
    return render(request, "devices/gateway_detail.html", gateway_context(gateway, current_user(request)))


def gateway_live_version(user: User, gateway_id: uuid.UUID) -> int | None:
    """Of all who hold something on it."""
    holders = Patient.objects.visible_to(user).filter(devices__gateway__public_id=gateway_id)
    total: int | None = holders.aggregate(versions=Sum("live_version"))["versions"]
    return total


@requires_permission(Permission.VIEW_PATIENTS)
@require_safe
@only_if_changed(gateway_live_version)
def gateway_live(request: HttpRequest, gateway_id: uuid.UUID) -> HttpResponse:
    return render(
        request,
        "devices/_gateway_detail.html",
        gateway_context(get_visible_gateway(request, gateway_id), current_user(request)),
    )


@requires_permission(Permission.VIEW_PATIENTS)
@require_POST
def refresh_gateway(request: HttpRequest, gateway_id: uuid.UUID) -> HttpResponse:
    gateway_status.request_gateway_refresh(get_visible_gateway(request, gateway_id))
    messages.info(request, REFRESH_REQUESTED)
    return redirect("devices:gateway", gateway_id)


def get_visible_gateway(request: HttpRequest, gateway_id: uuid.UUID) -> Gateway:
    return get_object_or_404(Gateway.objects.visible_to(current_user(request)), public_id=gateway_id)


def gateway_context(gateway: Gateway, user: User) -> dict[str, Any]:
    # Before the rows are read: a change in between makes the page refresh.
    version = gateway_live_version(user, gateway.public_id)
    own = (
        Device.objects.visible_to(user)
        .filter(gateway=gateway)
        .select_related("patient__clinic", "gateway")
        .order_by("name", "pk")
    )
    devices = list(own)
    shown = {device.patient_id for device in devices if device.patient_id}
    former = HardwareChange.objects.filter(
        old_hardware_uuid=gateway.hardware_uuid, device__in=Device.objects.visible_to(user)
    )
    audit_log.record_event(AuditAction.LIST, by=user, patients=shown, target=f"gateway:{gateway.public_id}")
    first, names = devices[0].patient, {device.family: device.name for device in devices}
    return {
        "gateway": gateway,
        "version": version,
        "zone": first.clinic.time_zone if first else "UTC",
        "lane_stop": waiting_reasons.user_lane_stop() if gateway.lookup_requested_at else None,
        "issues": device_issues.issues_for_gateway(gateway, now=timezone.now()),
        "devices": devices,
        "kit_string": kit_strings.format_kit_string(devices),
        "people": list({device.patient_id: device.patient for device in devices if device.patient}.values()),
        "unlisted": [device for device in devices if is_missing_on_list(gateway, device)],
        "whitelist": [
            {"entry": entry, "device_name": names.get(entry.sensor_code, "")} for entry in gateway.whitelist_entries
        ],
        "others": Device.objects.linked().filter(gateway=gateway).exclude(pk__in=[each.pk for each in devices]).count(),
        "heard_at": max((device.last_seen_at for device in devices if device.last_seen_at), default=None),
        "former": list(former.exclude(device__gateway=gateway).select_related("device").order_by("-pk")),
    }


def is_missing_on_list(gateway: Gateway, device: Device) -> bool:
    """Of a gateway whose list is known: a device that it doesn't name."""
    known = bool(gateway.status_fetched_at and device.sensor_code and device.is_linked)
    return known and device_issues.whitelist_entry_for(device) is None
