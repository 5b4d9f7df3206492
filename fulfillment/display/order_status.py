"""Status of an order as the list and the order's page show it: the worst stuck one of its lines, else its own."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from devices.outbox.waiting_reasons import LaneStop
from devices.statuses import StatusText
from fulfillment.display.status_texts import stuck_label, stuck_text, waiting_text_for
from fulfillment.models import LineStatus, Order


@dataclass(frozen=True)
class OrderStatus:
    """`stuck_since` is None for an order that moves or is over."""

    label: str
    text: StatusText
    stuck_since: dt.datetime | None = None


def describe_order_status(order: Order, stop: LaneStop | None) -> OrderStatus:
    """Of an order whose lines were read with their `stuck_kind`."""
    since = {line.stuck_kind: line.stuck_since for line in order.lines.all() if line.stuck_kind}
    if kind := next((each for each in LineStatus.worst_first() if each in since), None):
        return OrderStatus(stuck_label(kind), stuck_text(kind), since[kind])
    return OrderStatus(str(order.status.label), waiting_text_for(order.status, stop))
