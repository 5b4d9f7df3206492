"""What each order line status means for a coordinator, and what to do next."""

from __future__ import annotations

from devices.outbox.waiting_reasons import LaneStop
from devices.statuses import DEVICE_STATE_TEXTS, NO_ACTION_NEEDED, StatusText
from devices.step_durations import OVERDUE_TEXTS
from fulfillment.models import LineStatus, OrderKind

CALL_STATUS_TEXTS = {
    LineStatus.QUEUED: ("It will be sent to the vendor within a minute.", NO_ACTION_NEEDED),
    LineStatus.SENDING: ("It is being sent to the vendor right now.", NO_ACTION_NEEDED),
    LineStatus.UNKNOWN: (
        "It was sent, but the vendor's answer was lost. It may have been accepted.",
        "Please don't order it again: we look it up at the vendor and send it again only if it never arrived.",
    ),
    LineStatus.NEEDS_REVIEW: (
        "It was sent, and what became of it could not be found out.",
        "Compare with what the vendor lists, and decide: it is there, it isn't, or give it up.",
    ),
    LineStatus.REJECTED: (
        "Nothing will be shipped or charged.",
        "Correct it, or close this device's order.",
    ),
    LineStatus.ABANDONED: ("A person has decided so.", ""),
    LineStatus.CLOSED_HERE: (
        "It was closed here only: at the vendor its order lives, and it may arrive or be charged.",
        "Cancel it or end its monitoring. It stays in this list until the vendor has ended it or a reading arrives.",
    ),
    LineStatus.NOT_ENDED: (
        "Its end was asked for, and the vendor has refused it or not answered: it is still charged.",
        "Ask for it once more, or ask the vendor to unlink it.",
    ),
}

ALL_STATUS_TEXTS: dict[str, StatusText] = {
    **{status: StatusText(status.tone, *texts) for status, texts in CALL_STATUS_TEXTS.items()},
    **{str(state): text for state, text in DEVICE_STATE_TEXTS.items()},
}
WAITING_STATUSES = (LineStatus.QUEUED, LineStatus.SENDING, LineStatus.UNKNOWN)  # for the lane to the vendor
SHIPPING_STEPS = (
    LineStatus.REQUESTED,
    LineStatus.READY,
    LineStatus.SHIPPED,
    LineStatus.DELIVERED,
    LineStatus.CONNECTED,
)
ORDER_STEPS = {
    OrderKind.DROPSHIP: SHIPPING_STEPS,
    OrderKind.CLINIC: (LineStatus.PENDING, LineStatus.SHIPPED, LineStatus.DELIVERED, LineStatus.CONNECTED),
    OrderKind.ACTIVATION: (LineStatus.DELIVERED, LineStatus.CONNECTED),
}


# Of an activation whose hardware the clinic ships.
ACTIVE_BEFORE_ARRIVAL_TEXT = StatusText(
    "info",
    "It is active. Tenovi calls it delivered, while our parcel may still be on its way.",
    "If no reading has come a few days after it arrived, call the patient and help with the first measurement.",
)


def status_text_for(status: str) -> StatusText:
    """Label, meaning and advice of a LineStatus or DeviceState value."""
    return ALL_STATUS_TEXTS[status]


def waiting_text_for(status: str, stop: LaneStop | None) -> StatusText:
    """As `status_text_for`; of a call that waits for a stopped lane, that it waits."""
    return OVERDUE_TEXTS[status] if stop and status in WAITING_STATUSES else status_text_for(status)


def stuck_text(kind: str) -> StatusText:
    """Why something of this `stuck_kind` is stuck, and what to do."""
    return OVERDUE_TEXTS.get(kind) or status_text_for(kind)


def stuck_label(kind: str) -> str:
    label = str(LineStatus(kind).label)
    if kind == LineStatus.DELIVERED:
        return f"{label}, never used"
    return f"{label}, longer than usual" if kind in OVERDUE_TEXTS else label


# The vendor's paths of refused fields, as people know them; the form's own field beside it, where there is one.
REJECTED_FIELDS: dict[str, tuple[str, str]] = {
    "device.hardware_uuid": ("Gateway ID or IMEI", "gateway_id"),
    "device.name": ("Device", ""),
    "device.sensor_id": ("Sensor ID", "sensor_id"),
    "device.fulfillment_request.shipping_name": ("Name", "name"),
    "device.fulfillment_request.shipping_address": ("Street", "street"),
    "device.fulfillment_request.shipping_city": ("City", "city"),
    "device.fulfillment_request.shipping_state": ("State", "state"),
    "device.fulfillment_request.shipping_zip_code": ("ZIP code", "zip_code"),
    "device.fulfillment_request.client_notes": ("Note", "note"),
    "device.fulfillment_request.notify_emails": ("E-mails about the shipment", "without_emails"),
    "device.fulfillment_request.require_signature": ("Signature on delivery", ""),
    "patient.name": ("Name of the patient", ""),
    "patient.phone_number": ("Phone", ""),
    "patient.email": ("E-mail", ""),
    "patient.physician": ("Physician", "without_physician"),
    "patient.external_id": ("Account ID", ""),
}


# Sent as the patient's record has them when the call is sent again.
FIELDS_OF_PATIENT_RECORD = ("patient.name", "patient.phone_number", "patient.email")


def rejection_messages(errors: dict[str, list[str]]) -> list[tuple[str, str]]:
    """(field in people's words, the vendor's message), in the vendor's order."""
    found = []
    for path, messages in errors.items():
        label = REJECTED_FIELDS.get(path, (path.rsplit(".", 1)[-1].replace("_", " ").capitalize(), ""))[0]
        found += [(label, message) for message in messages]
    return found
