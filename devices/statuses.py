"""Device states: their labels, badge tones and advice, and the groups of states that rules and indexes use."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import models

NO_ACTION_NEEDED = "Nothing to do now."


@dataclass(frozen=True)
class StatusText:
    """How a status is shown. `tone` is the colour and shape of its badge: ok, info, warn, bad or idle."""

    tone: str
    meaning: str = ""
    advice: str = ""


class DeviceState(models.TextChoices):
    """The state of a device in our vocabulary. The vendor's own text is stored beside it, always."""

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

    @classmethod
    def not_linked(cls) -> tuple[DeviceState, ...]:
        """The vendor bills nothing for these."""
        return (cls.UNLINKED, cls.CANCELLED)

    @classmethod
    def linked(cls) -> tuple[DeviceState, ...]:
        return tuple(state for state in cls if state not in cls.not_linked())

    @classmethod
    def ended(cls) -> tuple[DeviceState, ...]:
        return (cls.RETURNED, *cls.not_linked())

    @classmethod
    def before_shipping(cls) -> tuple[DeviceState, ...]:
        return (cls.PENDING, cls.REQUESTED, cls.ACTION_REQUIRED, cls.ON_HOLD, cls.READY)

    @classmethod
    def before_first_reading(cls) -> tuple[DeviceState, ...]:
        return (*cls.before_shipping(), cls.SHIPPED, cls.DELIVERED, cls.UNKNOWN_GATEWAY, cls.OTHER)

    @property
    def is_linked(self) -> bool:
        return self not in DeviceState.not_linked()

    @property
    def after_reading(self) -> DeviceState:
        """The state once a reading has arrived: the vendor reports readings and states by different webhooks."""
        return DeviceState.CONNECTED if self in DeviceState.before_first_reading() else self

    @property
    def stage(self) -> int | None:
        """The order of stages, for webhooks that arrive out of order; None for a state that is no stage."""
        return STAGES.get(self)

    @property
    def text(self) -> StatusText:
        return DEVICE_STATE_TEXTS[self]

    @property
    def tone(self) -> str:
        return self.text.tone


STAGES = {
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

DEVICE_STATE_TEXTS = {
    DeviceState.PENDING: StatusText(
        "info",
        "The clinic ships it. The vendor waits for the ID of the gateway and for the shipping status.",
        "Ship it, and enter both in the vendor's web app.",
    ),
    DeviceState.REQUESTED: StatusText("info", "The vendor has accepted it and will ship it.", NO_ACTION_NEEDED),
    DeviceState.ACTION_REQUIRED: StatusText(
        "bad",
        "The vendor waits for us, most often because of the address or a possible duplicate.",
        "Correct or confirm the address, or cancel it and order again.",
    ),
    DeviceState.ON_HOLD: StatusText(
        "warn", "The vendor has paused it.", "If it stays so for more than a day, ask the vendor why."
    ),
    DeviceState.READY: StatusText("info", "It is packed and waits for the carrier.", NO_ACTION_NEEDED),
    DeviceState.SHIPPED: StatusText("info", "It is on its way to the patient.", NO_ACTION_NEEDED),
    DeviceState.DELIVERED: StatusText(
        "info",
        "It has arrived. No reading has come yet.",
        "If none comes within a few days, call the patient and help with the first measurement.",
    ),
    DeviceState.CONNECTED: StatusText("ok", "It works: readings arrive."),
    DeviceState.RETURNED: StatusText(
        "bad",
        "It came back to the vendor.",
        "Ask the patient about the address, end this device's monitoring so that charges stop, and order again.",
    ),
    DeviceState.UNLINKED: StatusText("idle", "Its monitoring has ended: no readings, no charges."),
    DeviceState.UNKNOWN_GATEWAY: StatusText(
        "bad",
        "The vendor doesn't know this gateway ID or IMEI, so no reading can arrive. It looks mistyped.",
        "Compare it with the label and correct it: the wrong entry is unlinked and the right one activated.",
    ),
    DeviceState.CANCELLED: StatusText("idle", "Nothing will be shipped or charged."),
    DeviceState.OTHER: StatusText(
        "warn", "The vendor uses a word that we don't know; it is shown as it came.", "If in doubt, ask the vendor."
    ),
}
