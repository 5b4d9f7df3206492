from __future__ import annotations

from django.db import models


class DeviceState(models.TextChoices):
    """Where a device stands, in our words. The vendor's own text is kept beside it, always."""

    PENDING = "pending", "Pending shipment"
    REQUESTED = "requested", "Requested"
    ACTION_REQUIRED = "action_required", "Action required"
    ON_HOLD = "on_hold", "On hold"
    READY = "ready", "Ready to ship"
    SHIPPED = "shipped", "Shipped"
    DELIVERED = "delivered", "Delivered"
    CONNECTED = "connected", "Connected"
    RETURNED = "returned", "Returned"
    UNLINKED = "unlinked", "Unlinked"
    UNKNOWN_GATEWAY = "unknown_gateway", "Unknown gateway"
    CANCELLED = "cancelled", "Cancelled"
    OTHER = "other", "Other"


# For out-of-order hints: a later stage is never shown as an earlier one. Returned and Unlinked end the way.
STATE_RANK = {
    DeviceState.PENDING: 0,
    DeviceState.REQUESTED: 0,
    DeviceState.ACTION_REQUIRED: 1,
    DeviceState.ON_HOLD: 1,
    DeviceState.READY: 2,
    DeviceState.SHIPPED: 3,
    DeviceState.DELIVERED: 4,
    DeviceState.CONNECTED: 5,
    DeviceState.RETURNED: 6,
    DeviceState.UNLINKED: 6,
}

# The vendor bills nothing for it.
NOT_LINKED_STATES = (DeviceState.UNLINKED, DeviceState.CANCELLED)

# A reading from a device in one of these means Connected: the vendor tells the two by different hooks.
BEFORE_FIRST_READING_STATES = (
    DeviceState.PENDING,
    DeviceState.REQUESTED,
    DeviceState.ACTION_REQUIRED,
    DeviceState.ON_HOLD,
    DeviceState.READY,
    DeviceState.SHIPPED,
    DeviceState.DELIVERED,
    DeviceState.UNKNOWN_GATEWAY,
    DeviceState.OTHER,
)
