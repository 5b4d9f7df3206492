"""Advice for deliveries that could not be processed, by their reason."""

from __future__ import annotations

from devices.models.delivery import DeliveryState

LOOKUP_PENDING_ADVICE = "Nothing yet: it is looked up at the vendor, or its order's answer is under way."
# The beginning of a reason and what to do. The first that fits counts.
ADVICE_BY_REASON = (
    ("This device is unknown or unassigned", LOOKUP_PENDING_ADVICE),
    ("No device with this HWI id", LOOKUP_PENDING_ADVICE),
    (
        "The vendor's answer about this device",
        "Nothing yet: it is asked again by itself. If it stays so for a day, ask the vendor about this HWI device id.",
    ),
    ("The vendor knows no such device", "Open Unknown devices: dismiss a test message, or ask the vendor once more."),
    ("The vendor links this device to no patient", "Open Unknown devices: attach it to a patient, or dismiss it."),
    (
        "This device was not assigned",
        "Compare the assignment's dates with the vendor's; correct there, then replay.",
    ),
    ("The vendor names a patient to whom", "Ask the vendor whose device this is. Correct it there, then replay."),
    ("Working on it failed", "A fault of the product: give the operator this delivery's number, replay when fixed."),
    ("The worker died", "A fault of the product or of its server: inform the operator, replay when fixed."),
    ("Dismissed", "Nothing: a person has checked it."),
    ("Read without", "Nothing: the readings are stored. If it happens often, ask the vendor what it means."),
)
UNREADABLE_ADVICE = (
    "Sent in a form that can't be read. If the reading matters, have the vendor send it again; else dismiss it."
)
PROCESSING_ADVICE = "Nothing: it is processed within seconds."


def advice_for_reason(reason: str, *, state: str) -> str:
    found = next((text for beginning, text in ADVICE_BY_REASON if reason.startswith(beginning)), "")
    if found:
        return found
    if state in DeliveryState.failed():
        return UNREADABLE_ADVICE
    return PROCESSING_ADVICE if state == DeliveryState.NEW else ""
