"""The devices of one's own patients: who holds what, when it was last heard of, what needs a hand."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.db.models import F
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from devices.models import Device
from devices.states import DeviceState
from patients import audit
from patients.access import Act, person, requires
from patients.models.audit import AuditAction

PAGE_SIZE = 100


@requires(Act.SEE_PATIENTS)
@require_safe
def devices(request: HttpRequest) -> HttpResponse:
    """Longest unheard first, so that a silent one is on top; or one state only."""
    user = person(request)
    wanted = request.GET.get("state", "")
    visible = Device.objects.visible_to(user)
    states = set(visible.order_by().values_list("state", flat=True).distinct())
    found = visible.filter(state=wanted) if wanted in DeviceState.values else visible.linked()
    ordered = found.select_related("patient", "gateway").order_by(F("last_heard_at").asc(nulls_first=True), "pk")
    page = Paginator(ordered, PAGE_SIZE).get_page(request.GET.get("page"))
    shown = list(page.object_list)
    audit.record(AuditAction.LIST, by=user, patients={device.patient_id for device in shown if device.patient_id})
    chips = [(value, label) for value, label in DeviceState.choices if value in states]
    return render(request, "devices/list.html", {"devices": shown, "page": page, "wanted": wanted, "states": chips})
