"""Address checks: whether a patient's address is complete and fits its ZIP code, and what the vendor says of it.

The vendor verifies the address of a patient's record. No answer, or an empty one, is "not checked" and stops nothing.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from devices.models import VendorCall
from devices.models.vendor_call import CallKind, CallState
from devices.patient_records import records
from devices.patient_records.models import AddressStatus, PatientRecord
from patients import zip_codes
from patients.models import Patient
from patients.queueing.wakeup import wake_worker

if TYPE_CHECKING:
    from patients.models import User

MAX_WAIT = dt.timedelta(seconds=10)  # for the vendor's answer; then the address counts as not checked
ADDRESS_PARTS = {"street": "street", "city": "city", "state": "state", "zip_code": "ZIP code"}
TONES = {AddressStatus.VERIFIED: "ok", AddressStatus.INVALID: "bad", AddressStatus.NOT_CHECKED: "idle"}


@dataclass(frozen=True)
class AddressCheck:
    """`problem`: what we see in it ourselves, in words. `status`: what the vendor says about this very address."""

    problem: str
    status: AddressStatus
    verified_by: str = ""
    incomplete: bool = False
    waiting: bool = False  # the vendor was asked less than MAX_WAIT ago
    asked: bool = False  # the vendor has had this address, or is getting it
    overridden_by: User | None = None  # a person who has confirmed it

    @property
    def refused(self) -> bool:
        """The vendor would hold an order to it until a person acts."""
        return self.status == AddressStatus.INVALID and self.overridden_by is None

    @property
    def unknown(self) -> bool:
        return self.status == AddressStatus.NOT_CHECKED and self.overridden_by is None

    @property
    def label(self) -> str:
        if self.waiting:
            return "Being checked by the vendor"
        if self.overridden_by:
            return f"Confirmed by {self.overridden_by.name}"
        return str(self.status.label)

    @property
    def tone(self) -> str:
        return "info" if self.waiting else "ok" if self.overridden_by else TONES[self.status]


def check_address(patient: Patient) -> AddressCheck:
    record = PatientRecord.objects.filter(patient=patient).select_related("override_by").first() or PatientRecord()
    wanted = records.build_payload(patient, record)["fields"]
    newest = records.newest_call(patient)
    same_newest = newest is not None and same_address(newest.payload["fields"], wanted)
    asked_at = newest.created_at if newest is not None and newest.state in CallState.unresolved() else None
    known = same_address(record.confirmed.get("fields", {}), wanted)
    return AddressCheck(
        problem=address_problem(patient),
        status=AddressStatus(record.address_status) if known else AddressStatus.NOT_CHECKED,
        verified_by=record.address_verified_by if known else "",
        incomplete=bool(missing_parts(patient)),
        waiting=bool(same_newest and not known and asked_at and timezone.now() - asked_at < MAX_WAIT),
        asked=same_newest or known,
        overridden_by=record.override_by if wanted["confirm_address"] else None,
    )


def same_address(sent: dict[str, str], wanted: dict[str, str]) -> bool:
    return any(name in wanted for name in records.ADDRESS_FIELDS) and all(
        sent.get(name) == wanted.get(name) for name in records.ADDRESS_FIELDS
    )


def address_problem(patient: Patient) -> str:
    """For a person who is about to ship something there; empty if it is complete and fits."""
    if missing := missing_parts(patient):
        return f"Missing in the patient's address: {', '.join(missing)}."
    return zip_codes.address_problem(zip_code=patient.zip_code, state=patient.state, city=patient.city)


def missing_parts(patient: Patient) -> list[str]:
    return [label for name, label in ADDRESS_PARTS.items() if not getattr(patient, name)]


def check_version(patient_id: uuid.UUID, live_version: int) -> str:
    """Changes with what a page shows of the check, the end of the waiting included. Reads nothing of the patient."""
    sent = VendorCall.objects.filter(patient=patient_id, kind__in=CallKind.of_record()).unresolved()
    return f"{live_version}-{sent.filter(created_at__gt=timezone.now() - MAX_WAIT).exists():d}"


@transaction.atomic
def confirm_address(patient: Patient, *, by: User) -> None:
    """A person says that this address is right whatever the vendor thinks. It holds until the address changes."""
    record = records.lock_record(patient)
    if record.address_override != patient.address:
        record.address_override, record.override_by, record.override_at = patient.address, by, timezone.now()
        record.save(update_fields=["address_override", "override_by", "override_at"])
    records.request_record(patient, by=by)


def request_check(patient: Patient, *, by: User) -> None:
    """Have the vendor asked about the address: by sending the record, or by reading it where the vendor has it."""
    if records.request_record(patient, by=by) is None:
        PatientRecord.objects.filter(patient=patient).update(reread_due_at=timezone.now())
        wake_worker("call_searches")
