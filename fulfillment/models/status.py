from __future__ import annotations

from django.db import models


class LineStatus(models.TextChoices):
    """Where one ordered device stands: its call to the vendor first, then the device itself, in its own words."""

    INTENT = "intent", "Waiting to be sent"
    SENDING = "sending", "Being sent"
    UNKNOWN = "unknown", "Sent, answer unclear"
    NEEDS_HUMAN = "needs_human", "Needs a person"
    REJECTED = "rejected", "Refused by the vendor"
    GIVEN_UP = "given_up", "Given up"
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


def status_in_words(status: str) -> str:
    """The vendor's own word where it is none of ours."""
    return str(LineStatus(status).label) if status in LineStatus.values else status


# Worst first: the order shows the first of these that one of its lines has.
WORST_FIRST: tuple[str, ...] = (
    LineStatus.NEEDS_HUMAN,
    LineStatus.REJECTED,
    LineStatus.UNKNOWN_GATEWAY,
    LineStatus.ACTION_REQUIRED,
    LineStatus.RETURNED,
    LineStatus.ON_HOLD,
    LineStatus.OTHER,
    LineStatus.UNKNOWN,
    LineStatus.INTENT,
    LineStatus.SENDING,
    LineStatus.PENDING,
    LineStatus.REQUESTED,
    LineStatus.READY,
    LineStatus.SHIPPED,
    LineStatus.DELIVERED,
    LineStatus.CONNECTED,
    LineStatus.UNLINKED,
    LineStatus.GIVEN_UP,
    LineStatus.CANCELLED,
)

STUCK = frozenset(WORST_FIRST[:7])

# A line in one of these is over: its place in the household is free again.
CLOSING = frozenset(
    {
        LineStatus.CONNECTED,
        LineStatus.RETURNED,
        LineStatus.UNLINKED,
        LineStatus.CANCELLED,
        LineStatus.REJECTED,
        LineStatus.GIVEN_UP,
    }
)
