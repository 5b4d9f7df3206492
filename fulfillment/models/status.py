from __future__ import annotations

from django.db import models


class LineStatus(models.TextChoices):
    """Where one ordered device stands: its call to the vendor first, then the device itself, in its own words."""

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
    OTHER = "other", "Other"
    PENDING = "pending", "Pending shipment"
    REQUESTED = "requested", "Requested"
    READY = "ready", "Ready to ship"
    SHIPPED = "shipped", "Shipped"
    DELIVERED = "delivered", "Delivered"
    CONNECTED = "connected", "Connected"
    RETURNED = "returned", "Returned"
    UNLINKED = "unlinked", "Unlinked"


def status_label(status: str) -> str:
    """The vendor's own word where it is none of ours."""
    return str(LineStatus(status).label) if status in LineStatus.values else status


# Worst first: the order shows the first of these that one of its lines has.
STATUSES_WORST_FIRST: tuple[str, ...] = (
    LineStatus.NEEDS_REVIEW,
    LineStatus.REJECTED,
    LineStatus.UNKNOWN_GATEWAY,
    LineStatus.ACTION_REQUIRED,
    LineStatus.RETURNED,
    LineStatus.ON_HOLD,
    LineStatus.OTHER,
    LineStatus.UNKNOWN,
    LineStatus.QUEUED,
    LineStatus.SENDING,
    LineStatus.PENDING,
    LineStatus.REQUESTED,
    LineStatus.READY,
    LineStatus.SHIPPED,
    LineStatus.DELIVERED,
    LineStatus.CONNECTED,
    LineStatus.UNLINKED,
    LineStatus.ABANDONED,
    LineStatus.CANCELLED,
)

STUCK_STATUSES = frozenset(STATUSES_WORST_FIRST[:7])

# A line in one of these is over: its place in the household is free again.
CLOSING_STATUSES = frozenset(
    {
        LineStatus.CONNECTED,
        LineStatus.RETURNED,
        LineStatus.UNLINKED,
        LineStatus.CANCELLED,
        LineStatus.REJECTED,
        LineStatus.ABANDONED,
    }
)
