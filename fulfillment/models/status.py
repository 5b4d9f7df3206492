"""LineStatus: the status of an order line, its partitions and tones."""

from __future__ import annotations

from functools import cache

from django.db import models

from devices.models.vendor_call import CallState
from devices.statuses import DeviceState


class LineStatus(models.TextChoices):
    """The status of one ordered device: of its vendor call until that is confirmed, then of the device itself."""

    QUEUED = "queued", "Waiting to be sent"
    SENDING = "sending", "Being sent"
    UNKNOWN = "unknown", "Sent, answer unclear"
    NEEDS_REVIEW = "needs_review", "Needs a person"
    REJECTED = "rejected", "Refused by the vendor"
    ABANDONED = "abandoned", "Given up"
    CANCELLED = "cancelled", "Cancelled"
    UNKNOWN_GATEWAY = "unknown_gateway", "Unknown gateway"
    ACTION_REQUIRED = "action_required", "Action required"
    ON_HOLD = "on_hold", "On hold"
    # Never stored. A person has closed the line, and the vendor's order lives: the line's status is the vendor's. And a
    # device whose end of monitoring was requested and is not confirmed.
    CLOSED_HERE = "closed_here", "Closed here, open at the vendor"
    NOT_ENDED = "not_ended", "End of monitoring not confirmed"
    OTHER = "other", "Other"
    PENDING = "pending", "Pending shipment"
    REQUESTED = "requested", "Requested"
    READY = "ready", "Ready to ship"
    SHIPPED = "shipped", "Shipped"
    DELIVERED = "delivered", "Delivered"
    CONNECTED = "connected", "Connected"
    RETURNED = "returned", "Returned"
    UNLINKED = "unlinked", "Unlinked"

    @classmethod
    def stuck(cls) -> tuple[LineStatus, ...]:
        """A person must act, worst first."""
        return (
            cls.NEEDS_REVIEW,
            cls.REJECTED,
            cls.UNKNOWN_GATEWAY,
            cls.ACTION_REQUIRED,
            cls.RETURNED,
            cls.ON_HOLD,
            cls.CLOSED_HERE,
            cls.NOT_ENDED,
            cls.OTHER,
        )

    @classmethod
    def open_at_vendor(cls) -> tuple[LineStatus, ...]:
        """The vendor has an order for the device, or charges for it, and it is not in use."""
        return tuple(
            cls(state) for state in DeviceState if state not in (DeviceState.CONNECTED, *DeviceState.not_linked())
        )

    @classmethod
    @cache
    def worst_first(cls) -> tuple[LineStatus, ...]:
        """The order of severity: an order shows the first of these that one of its lines has."""
        return (
            *cls.stuck(),
            cls.UNKNOWN,
            cls.QUEUED,
            cls.SENDING,
            cls.PENDING,
            cls.REQUESTED,
            cls.READY,
            cls.SHIPPED,
            cls.DELIVERED,
            cls.CONNECTED,
            cls.UNLINKED,
            cls.ABANDONED,
            cls.CANCELLED,
        )

    @classmethod
    def closing(cls) -> tuple[LineStatus, ...]:
        """The line is over, and the patient may order the same kind of device again."""
        return (cls.CONNECTED, cls.RETURNED, cls.UNLINKED, cls.CANCELLED, cls.REJECTED, cls.ABANDONED)

    @property
    def is_closing(self) -> bool:
        return self in LineStatus.closing()

    @property
    def tone(self) -> str:
        """The tone of the device state or the call state of the same name: one tone per state on all pages."""
        if self in (LineStatus.CLOSED_HERE, LineStatus.NOT_ENDED):
            return "warn"
        return (DeviceState(self) if self in DeviceState.values else CallState(self)).tone


def status_label(status: str) -> str:
    """The vendor's own text where it is no LineStatus."""
    return str(LineStatus(status).label) if status in LineStatus.values else status
