"""Steps of order tests: send calls, make refreshes due, read statuses."""

from devices.models import Device
from devices.outbox import sending
from fulfillment import tracking


def send_calls(client):
    sending.send_due_calls(client)
    tracking.update_order_lines()


def line_statuses(order):
    return sorted(order.lines.values_list("status", flat=True))


def first_line(order):
    return order.lines.select_related("call__device", "patient__clinic", "order").order_by("family").first()


def mark_refresh_due(order):
    """As if a webhook had come for each device."""
    Device.objects.filter(vendor_calls__line__order=order).update(refresh_due_at=order.placed_at)
