"""One gateway: how it fares by the vendor's account, what is on it, what was."""

from __future__ import annotations

import uuid
from typing import Any

from django.contrib import messages
from django.db.models import Sum
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST, require_safe

from devices import concerns, gateways
from devices.models import Device, Gateway, HardwareChange
from devices.views.device import ASKED
from patients import audit
from patients.access import Act, person, requires
from patients.models import User
from patients.models.audit import AuditAction


@requires(Act.SEE_PATIENTS)
@require_safe
def gateway_page(request: HttpRequest, gateway_id: uuid.UUID) -> HttpResponse:
    gateway = _found(request, gateway_id)
    return render(request, "devices/gateway.html", _context(gateway, person(request)))


@requires(Act.SEE_PATIENTS)
@require_GET
def gateway_live(request: HttpRequest, gateway_id: uuid.UUID) -> HttpResponse:
    """204 while nothing is new: then no patient is read, and nothing audited."""
    gateway = _found(request, gateway_id)
    if request.GET.get("v") == _version(gateway, person(request)):
        return HttpResponse(status=204)
    return render(request, "devices/_gateway.html", _context(gateway, person(request)))


@requires(Act.SEE_PATIENTS)
@require_POST
def look(request: HttpRequest, gateway_id: uuid.UUID) -> HttpResponse:
    gateways.ask(_found(request, gateway_id))
    messages.info(request, ASKED)
    return redirect("devices:gateway", gateway_id)


def _found(request: HttpRequest, gateway_id: uuid.UUID) -> Gateway:
    gateway = Gateway.objects.visible_to(person(request)).filter(public_id=gateway_id).first()
    if gateway is None:
        raise Http404("No such gateway.")
    return gateway


def _version(gateway: Gateway, user: User) -> str:
    total = Device.objects.visible_to(user).filter(gateway=gateway).aggregate(n=Sum("patient__version"))["n"]
    return str(total)


def _context(gateway: Gateway, user: User) -> dict[str, Any]:
    version = _version(gateway, user)  # before what it stands for is read: what changes meanwhile is news
    own = (
        Device.objects.visible_to(user).filter(gateway=gateway).select_related("patient__clinic").order_by("name", "pk")
    )
    devices = list(own)
    shown = {device.patient_id for device in devices if device.patient_id}
    former = HardwareChange.objects.filter(old=gateway.hardware_uuid, device__in=Device.objects.visible_to(user))
    audit.record(AuditAction.LIST, by=user, patients=shown, target=f"gateway:{gateway.public_id}")
    first = devices[0].patient
    return {
        "gateway": gateway,
        "version": version,
        "zone": first.clinic.time_zone if first else "UTC",
        "concerns": concerns.of_gateway(gateway, now=timezone.now()),
        "devices": devices,
        "names": {device.family: device.name for device in devices},
        "others": Device.objects.linked().filter(gateway=gateway).exclude(pk__in=[each.pk for each in devices]).count(),
        "heard_at": max((device.last_heard_at for device in devices if device.last_heard_at), default=None),
        "former": former.exclude(device__gateway=gateway).select_related("device").order_by("-pk"),
    }
