"""What each status means for a coordinator, and what to do next. The tone picks shape and colour on the page."""

from __future__ import annotations

from dataclasses import dataclass

from fulfillment.models import LineStatus


@dataclass(frozen=True)
class StatusText:
    tone: str  # ok, info, warn, bad, idle
    meaning: str
    advice: str = ""


NO_ACTION_NEEDED = "Nothing to do now."

STATUS_TEXTS: dict[str, StatusText] = {
    LineStatus.QUEUED: StatusText("idle", "It will be sent to the vendor in a moment.", NO_ACTION_NEEDED),
    LineStatus.SENDING: StatusText("idle", "It is being sent to the vendor right now.", NO_ACTION_NEEDED),
    LineStatus.UNKNOWN: StatusText(
        "warn",
        "It was sent, but the vendor's answer was lost. It may have been accepted.",
        "Please don't order it again: we look it up at the vendor and send it again only if it never arrived.",
    ),
    LineStatus.NEEDS_REVIEW: StatusText(
        "bad",
        "It was sent, and what became of it could not be found out.",
        "Look at the vendor with us and decide: it is there, it isn't, or give it up.",
    ),
    LineStatus.REJECTED: StatusText(
        "bad", "The vendor refused it. Nothing will be shipped or charged.", "Correct it, or close the line."
    ),
    LineStatus.ABANDONED: StatusText("idle", "It was given up by a person."),
    LineStatus.CANCELLED: StatusText("idle", "It was cancelled. Nothing will be shipped or charged."),
    LineStatus.UNKNOWN_GATEWAY: StatusText(
        "bad",
        "The vendor doesn't know this gateway ID or IMEI, so no reading can arrive. It looks mistyped.",
        "Compare it with the label and correct it: the wrong entry is unlinked and the right one activated.",
    ),
    LineStatus.ACTION_REQUIRED: StatusText(
        "bad",
        "The vendor waits for us, most often because of the address or a possible duplicate.",
        "Fix it in the vendor's web app, or cancel it and order again with a better address.",
    ),
    LineStatus.ON_HOLD: StatusText(
        "warn", "The vendor has paused it.", "If it stays so for more than a day, ask the vendor why."
    ),
    LineStatus.OTHER: StatusText(
        "warn", "The vendor uses a word that we don't know; it is shown as it came.", "If in doubt, ask the vendor."
    ),
    LineStatus.PENDING: StatusText(
        "info", "The vendor has it and waits for the shipment to be prepared.", NO_ACTION_NEEDED
    ),
    LineStatus.REQUESTED: StatusText("info", "The vendor has accepted it and will ship it.", NO_ACTION_NEEDED),
    LineStatus.READY: StatusText("info", "It is packed and waits for the carrier.", NO_ACTION_NEEDED),
    LineStatus.SHIPPED: StatusText("info", "It is on its way to the patient.", NO_ACTION_NEEDED),
    LineStatus.DELIVERED: StatusText(
        "info",
        "It has arrived. No reading has come yet.",
        "If none comes within a few days, call the patient and help with the first measurement.",
    ),
    LineStatus.CONNECTED: StatusText("ok", "It works: readings arrive."),
    LineStatus.RETURNED: StatusText(
        "bad",
        "It came back to the vendor.",
        "Ask the patient about the address, end this device's monitoring so that charges stop, and order again.",
    ),
    LineStatus.UNLINKED: StatusText("idle", "Its monitoring has ended: no readings, no charges."),
}

SHIPPING_STEPS = (
    LineStatus.REQUESTED,
    LineStatus.READY,
    LineStatus.SHIPPED,
    LineStatus.DELIVERED,
    LineStatus.CONNECTED,
)
ACTIVATION_STEPS = (LineStatus.DELIVERED, LineStatus.CONNECTED)


def status_text_for(status: str) -> StatusText:
    return STATUS_TEXTS[status]


# The vendor's paths of refused fields, as people know them; the form's own field beside it, where there is one.
REJECTED_FIELDS: dict[str, tuple[str, str]] = {
    "device.hardware_uuid": ("Gateway ID or IMEI", "gateway_id"),
    "device.name": ("Device", ""),
    "device.sensor_id": ("Sensor ID", ""),
    "device.fulfillment_request.shipping_name": ("Name", "name"),
    "device.fulfillment_request.shipping_address": ("Street", "street"),
    "device.fulfillment_request.shipping_city": ("City", "city"),
    "device.fulfillment_request.shipping_state": ("State", "state"),
    "device.fulfillment_request.shipping_zip_code": ("ZIP code", "zip_code"),
    "patient.name": ("Name", "name"),
    "patient.phone_number": ("Phone", ""),
    "patient.external_id": ("Account ID", ""),
}


def rejection_messages(errors: dict[str, list[str]]) -> list[tuple[str, str]]:
    """(field in people's words, the vendor's message), in the vendor's order."""
    found = []
    for path, messages in errors.items():
        label = REJECTED_FIELDS.get(path, (path.rsplit(".", 1)[-1].replace("_", " ").capitalize(), ""))[0]
        found += [(label, message) for message in messages]
    return found
