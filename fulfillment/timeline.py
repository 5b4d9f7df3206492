"""Writers of order events, the rows of the timeline. Call them inside the transaction of the change itself."""

from __future__ import annotations

from devices.models import Device
from fulfillment.models import EventSource, Order, OrderEvent, OrderLine
from patients.models import User

MAX_EVENT_TEXT_LENGTH = 500


def add_person_event(text: str, *, by: User, order: Order, line: OrderLine | None = None) -> OrderEvent:
    return OrderEvent.objects.create(
        order=order, line=line, source=EventSource.PERSON, text=text[:MAX_EVENT_TEXT_LENGTH], by=by
    )


def add_device_event(text: str, *, by: User, device: Device) -> OrderEvent:
    """What a person did to a device, whether or not it was ordered here."""
    line = device.lines.order_by("-status_at").first()
    order = line.order if line else None
    return OrderEvent.objects.create(
        order=order, line=line, device=device, source=EventSource.PERSON, text=text[:MAX_EVENT_TEXT_LENGTH], by=by
    )


def add_line_event(line: OrderLine, *, source: EventSource, text: str, tracking_link: str = "") -> OrderEvent:
    return OrderEvent.objects.create(
        order_id=line.order_id,
        line=line,
        device_id=line.device_id,
        source=source,
        status=line.status,
        text=text[:MAX_EVENT_TEXT_LENGTH],
        tracking_link=tracking_link,
    )
