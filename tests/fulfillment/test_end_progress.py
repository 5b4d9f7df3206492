"""A charge counts as ended only when the vendor's record, read after the answer, proves it."""

import datetime as dt

import pytest

from devices.models import Assignment, Device, Gateway, VendorCall
from fulfillment import end_of_monitoring, end_progress, tracking
from patients.models import Patient
from tests.fulfillment.order_steps import send_calls

NOON = dt.datetime(2026, 12, 1, 12, tzinfo=dt.UTC)
GATEWAY = Gateway(pk=1, hardware_uuid="A1B2C3D4E5F6")
ROSA, WALTER = Patient(), Patient()
LINKED = {"state": "connected", "vendor_status": "Connected", "gateway": GATEWAY, "fetched_at": NOON}
UNLINKED = {
    "state": "unlinked", "vendor_status": "Unlinked", "unlinked_on": NOON, "gateway": None,
    "fetched_at": NOON + dt.timedelta(minutes=1),
}  # fmt: skip
READ_BEFORE = {"fetched_at": NOON - dt.timedelta(minutes=1)}
CONFIRMED = {"kind": "unlink", "state": "confirmed", "resolved_at": NOON}


@pytest.mark.parametrize(
    ("device", "call", "words"),
    [
        (UNLINKED, CONFIRMED, "No longer linked, so no longer charged."),
        (UNLINKED, None, "No longer linked, so no longer charged."),
        (UNLINKED | READ_BEFORE, CONFIRMED, "Still awaited: a second reading of its record."),
        (UNLINKED | {"fetched_at": None}, None, "Still awaited: a second reading of its record."),
        (UNLINKED | {"unlinked_on": None}, CONFIRMED, "Still awaited: the date of the end."),
        (UNLINKED | {"vendor_status": "Connected"}, CONFIRMED, "the status “Unlinked” (it is “Connected”)."),
        (UNLINKED | {"vendor_status": ""}, None, "The vendor says that it is unlinked. Still awaited: the status"),
        (UNLINKED | {"gateway": GATEWAY}, CONFIRMED, "empty hardware (it still names A1B2-C3D4-E5F6)."),
        (LINKED | READ_BEFORE, CONFIRMED, "The vendor has accepted it, and its record is read again."),
        (LINKED | {"fetched_at": UNLINKED["fetched_at"]}, CONFIRMED, "does not show the end. Missing: the status"),
        (LINKED, {"state": "queued"}, "Waiting to be sent to the vendor. It counts as charged until"),
        (LINKED, {"state": "sending"}, "Being sent to the vendor now. It counts as charged until"),
        (LINKED, {"state": "unknown"}, "the vendor's answer was not clear."),
        (LINKED, {"state": "needs_review"}, "could not be found out: a person must decide. It counts as charged"),
        (LINKED, {"state": "rejected", "reason": "It has shipped."}, "still charged. It has shipped. End its"),
        (LINKED, {"state": "abandoned"}, "still charged. The vendor gave no reason. End its monitoring again"),
        ({"state": "cancelled"}, {"kind": "delete", "state": "confirmed"}, "Cancelled at the vendor before it shipped"),
        ({"state": "cancelled"}, CONFIRMED, "The vendor has no such device any more, so it is not charged."),
        ({"state": "cancelled"}, None, "The vendor has no such device any more, so it is not charged."),
        (LINKED | {"patient": WALTER}, None, "another patient has it now."),
        (LINKED, None, "No longer this patient's."),
    ],
)
def test_progress_says_what_the_vendor_has_proven_and_what_is_awaited(device, call, words):
    ended_at = None if call else NOON
    held = Assignment(device=Device(**({"patient": ROSA} | device)), patient=ROSA, ended_at=ended_at)

    shown = end_progress.describe_progress(held, VendorCall(**({"kind": "unlink"} | call)) if call else None)

    assert words in shown
    assert ("no longer charged" in shown) == (words == end_progress.PROVEN)


def test_second_reading_of_the_record_ends_the_charge(client, rosa, cora, place_activation):
    place_activation()
    send_calls(client)
    end_of_monitoring.end_patient_monitoring(patient=rosa, by=cora, reason="Moved")

    def shown():
        return [each.words for each in end_progress.list_progress(rosa)]

    queued = shown()
    send_calls(client)
    answered = shown()
    tracking.refresh_due_devices(client)

    assert queued == [end_progress.WORDS_BY_CALL_STATE["queued"]]
    assert answered == [end_progress.ANSWERED.format(end_progress.AWAITED_READING)]
    assert shown() == [end_progress.PROVEN]
