"""State of a patient's record at the vendor, in words, and its refusals by the fields of the patient's form."""

from __future__ import annotations

from dataclasses import dataclass, field

from devices.models.vendor_call import CallState
from devices.patient_records import records
from patients.models import Patient

FORM_FIELDS = {"name": "family_name", "address": "street", "phone_number": "phone"} | {
    name: name for name in ("city", "state", "zip_code", "email", "external_id")
}


@dataclass(frozen=True)
class RecordState:
    """`text` is empty for a patient whom the vendor doesn't know."""

    text: str = ""
    tone: str = "idle"
    refusals: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in FORM_FIELDS.values()})


def find_record_state(patient: Patient) -> RecordState:
    call = records.newest_call(patient)
    if call is None:
        return RecordState()
    if call.state == CallState.CONFIRMED:
        return RecordState("Tenovi has these data.", "ok")
    if call.state != CallState.REJECTED:
        return RecordState("The last change is on its way to Tenovi.", "info")
    state = RecordState(f"Tenovi has refused the last change. {call.reason}", "bad")
    for path, texts in call.errors.items():
        state.refusals.setdefault(FORM_FIELDS.get(path, path), []).extend(texts)
    return state
