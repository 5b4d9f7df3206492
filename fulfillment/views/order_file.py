"""File of the order list: the orders that its search and filters select, as CSV."""

from __future__ import annotations

from django.db.models import prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from devices.hardware_ids import format_hardware_id
from fulfillment.models import Order
from fulfillment.views.order_filters import read_selection
from patients import csv_writer
from patients.audit import audit_log
from patients.models.audit import AuditAction
from patients.permissions import Permission, current_user, requires_permission

MAX_ROWS = 10_000
HEADINGS = (
    *("patient", "mrn", "ordered", "time zone", "kit", "kind", "devices", "status", "placed by"),
    *("references", "gateways", "tracking"),
)


@requires_permission(Permission.VIEW_ORDERS)
@require_safe
def order_file(request: HttpRequest) -> HttpResponse:
    """At most MAX_ROWS orders, in the order of the list."""
    user = current_user(request)
    prefetch_related_objects([user], "clinics")
    selection = read_selection(request, user)
    found = selection.apply_urgency(selection.apply(Order.objects.visible_to(user).with_urgency(), user))
    sorted_rows = selection.sort.annotate(found.with_lines()).order_by(*(key.order_by for key in selection.sort.keys))
    rows = list(sorted_rows[:MAX_ROWS])
    audit_log.record_event(AuditAction.LIST, by=user, patients=dict.fromkeys(order.patient_id for order in rows))
    return csv_writer.csv_response(csv_writer.write_csv(HEADINGS, map(order_cells, rows)), name="orders.csv")


def order_cells(order: Order) -> list[str]:
    lines, patient = list(order.lines.all()), order.patient
    devices = [line.call.device for line in lines if line.call.device]
    gateways = [order.gateway_id, *(device.hardware_uuid for device in devices)]
    tracking = [order.tracking_number, *(device.tracking_link for device in devices)]
    return [
        patient.name,
        patient.mrn,
        order.placed_at.astimezone(patient.clinic.zone).isoformat(timespec="minutes"),
        patient.clinic.time_zone,
        order.kit.name if order.kit else "",
        str(order.get_kind_display()),
        "; ".join(line.device_type.name for line in lines),
        str(order.status.label),
        order.placed_by.name,
        "; ".join(line.call.reference for line in lines),
        "; ".join(dict.fromkeys(format_hardware_id(each) for each in gateways if each)),
        "; ".join(dict.fromkeys(each for each in tracking if each)),
    ]
