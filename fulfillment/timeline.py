"""The only writer of timeline events. Call it inside the transaction of what it tells about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fulfillment.models import EventSource, Order, OrderEvent, OrderLine

if TYPE_CHECKING:
    from devices.models import Device
    from patients.models import User

LONGEST_TEXT = 500


def by_person(text: str, *, by: User, order: Order, line: OrderLine | None = None, status: str = "") -> OrderEvent:
    return OrderEvent.objects.create(
        order=order, line=line, source=EventSource.PERSON, status=status, text=text[:LONGEST_TEXT], by=by
    )


def about_device(text: str, *, by: User, device: Device) -> OrderEvent:
    """Told by a person of a device, whether or not it came by an order of ours."""
    line = device.lines.order_by("-status_at").first()
    order = line.order if line else None
    return OrderEvent.objects.create(
        order=order, line=line, device=device, source=EventSource.PERSON, text=text[:LONGEST_TEXT], by=by
    )


def of_line(line: OrderLine, *, source: EventSource, text: str, tracking_link: str = "") -> OrderEvent:
    return OrderEvent.objects.create(
        order_id=line.order_id,
        line=line,
        device_id=line.device_id,
        source=source,
        status=line.status,
        text=text[:LONGEST_TEXT],
        tracking_link=tracking_link,
    )
