"""What each status means for a coordinator, and what to do next. The tone picks shape and colour on the page."""

from __future__ import annotations

from dataclasses import dataclass

from fulfillment.models import LineStatus


@dataclass(frozen=True)
class Words:
    tone: str  # ok, info, warn, bad, idle
    meaning: str
    advice: str = ""


WAIT = "Nothing to do now."

WORDS: dict[str, Words] = {
    LineStatus.INTENT: Words("idle", "It will be sent to the vendor in a moment.", WAIT),
    LineStatus.SENDING: Words("idle", "It is being sent to the vendor right now.", WAIT),
    LineStatus.UNKNOWN: Words(
        "warn",
        "It was sent, but the vendor's answer was lost. It may have been accepted.",
        "Please don't order it again: we look it up at the vendor and send it again only if it never arrived.",
    ),
    LineStatus.NEEDS_HUMAN: Words(
        "bad",
        "It was sent, and what became of it could not be found out.",
        "Look at the vendor with us and decide: it is there, it isn't, or give it up.",
    ),
    LineStatus.REJECTED: Words(
        "bad", "The vendor refused it. Nothing will be shipped or charged.", "Correct it, or close the line."
    ),
    LineStatus.GIVEN_UP: Words("idle", "It was given up by a person."),
    LineStatus.CANCELLED: Words("idle", "It was cancelled. Nothing will be shipped or charged."),
    LineStatus.UNKNOWN_GATEWAY: Words(
        "bad",
        "The vendor doesn't know this gateway ID or IMEI, so no reading can arrive. It looks mistyped.",
        "Compare it with the label and correct it: the wrong entry is unlinked and the right one activated.",
    ),
    LineStatus.ACTION_REQUIRED: Words(
        "bad",
        "The vendor waits for us, most often because of the address or a possible duplicate.",
        "Fix it in the vendor's web app, or cancel it and order again with a better address.",
    ),
    LineStatus.ON_HOLD: Words(
        "warn", "The vendor has paused it.", "If it stays so for more than a day, ask the vendor why."
    ),
    LineStatus.OTHER: Words(
        "warn", "The vendor uses a word that we don't know; it is shown as it came.", "If in doubt, ask the vendor."
    ),
    LineStatus.PENDING: Words("info", "The vendor has it and waits for the shipment to be prepared.", WAIT),
    LineStatus.REQUESTED: Words("info", "The vendor has accepted it and will ship it.", WAIT),
    LineStatus.READY: Words("info", "It is packed and waits for the carrier.", WAIT),
    LineStatus.SHIPPED: Words("info", "It is on its way to the patient.", WAIT),
    LineStatus.DELIVERED: Words(
        "info",
        "It has arrived. No reading has come yet.",
        "If none comes within a few days, call the patient and help with the first measurement.",
    ),
    LineStatus.CONNECTED: Words("ok", "It works: readings arrive."),
    LineStatus.RETURNED: Words(
        "bad",
        "It came back to the vendor.",
        "Ask the patient about the address, end this device's monitoring so that charges stop, and order again.",
    ),
    LineStatus.UNLINKED: Words("idle", "Its monitoring has ended: no readings, no charges."),
}

STEPS = (LineStatus.REQUESTED, LineStatus.READY, LineStatus.SHIPPED, LineStatus.DELIVERED, LineStatus.CONNECTED)
STEPS_ON_SITE = (LineStatus.DELIVERED, LineStatus.CONNECTED)


def words_for(status: str) -> Words:
    return WORDS[status]


# The vendor's paths of refused fields, as people know them; the form's own field beside it, where there is one.
REFUSED_FIELDS: dict[str, tuple[str, str]] = {
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


def refusals(errors: dict[str, list[str]]) -> list[tuple[str, str]]:
    """(field in people's words, the vendor's message), in the vendor's order."""
    found = []
    for path, messages in errors.items():
        label = REFUSED_FIELDS.get(path, (path.rsplit(".", 1)[-1].replace("_", " ").capitalize(), ""))[0]
        found += [(label, message) for message in messages]
    return found
