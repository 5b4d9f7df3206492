"""Records of patients at the vendor: what they should hold, when they are sent, and what the vendor answers.

A request replaces the one that still waits, so only the newest is sent. `devices.outbox.record_calls` sends them.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from devices.models import VendorCall
from devices.models.vendor_call import CallKind, CallState, VendorCallQuerySet
from devices.patient_records.models import AddressStatus, PatientRecord
from devices.tenovi import PatientDetails
from patients.enrollment.edit_notices import register_contact_change
from patients.folding import fold_text
from patients.models import Patient
from patients.queueing.wakeup import wake_worker

if TYPE_CHECKING:
    from patients.models import User

ADDRESS_FIELDS = ("address", "city", "state", "zip_code")
STATUS_BY_WORD = {"verified": AddressStatus.VERIFIED, "invalid": AddressStatus.INVALID}
# Of a record that is read again: the vendor's own spelling of these may differ without a difference in meaning.
COMPARED_FIELDS = ("name", "phone_number", "email", *ADDRESS_FIELDS)


@register_contact_change
def update_known_record(patient: Patient, by: User) -> None:
    """After an edit: the vendor's record follows, if the vendor knows the patient."""
    if patient.external_id_sent_at:
        request_record(patient, by=by)


def request_record(patient: Patient, *, by: User | None, force: bool = False) -> VendorCall | None:
    """Have the vendor's record made like ours. None: it is, or the vendor has refused exactly this; `force` sends it
    all the same."""
    with transaction.atomic():
        record = lock_record(patient)
        if patient.external_id_sent_at is None:
            patient.external_id_sent_at = timezone.now()
            patient.save(update_fields=["external_id_sent_at"])
        payload = build_payload(patient, record)
        newest = newest_call(patient)
        if newest is not None and newest.payload == payload and not (force and newest.state != CallState.QUEUED):
            return None
        wake_worker("vendor_calls")
        PatientRecord.objects.filter(pk=record.pk).update(sent_fields=known_fields(record, payload))
        if record_calls(patient).filter(state=CallState.QUEUED).update(payload=payload, requested_by=by):
            return newest
        return VendorCall.objects.create(
            kind=kind_of_request(patient, record), patient=patient, requested_by=by, payload=payload
        )


def lock_record(patient: Patient) -> PatientRecord:
    """Lock it before its calls are changed."""
    PatientRecord.objects.get_or_create(patient=patient)
    return PatientRecord.objects.select_for_update(no_key=True).get(patient=patient)


def record_calls(patient: Patient) -> VendorCallQuerySet:
    return VendorCall.objects.filter(patient=patient, kind__in=CallKind.of_record())


def newest_call(patient: Patient) -> VendorCall | None:
    return record_calls(patient).order_by("-created_at", "-pk").first()


def kind_of_request(patient: Patient, record: PatientRecord) -> CallKind:
    """A record or device that was requested before has made one already; where it has not, the update becomes a
    create."""
    making = (*CallKind.creating(), *CallKind.of_record())
    made = VendorCall.objects.filter(patient=patient, kind__in=making).exclude(state__in=CallState.without_effect())
    known = record.answered_at or made.exists()
    return CallKind.UPDATE_PATIENT if known else CallKind.CREATE_PATIENT


def build_payload(patient: Patient, record: PatientRecord) -> dict[str, Any]:
    """What the vendor needs for shipping and its patient service, no more. A field that was sent once and is empty now
    is cleared; what was never sent is left as it is there."""
    wanted = {
        "external_id": patient.external_id,
        "name": patient.name,
        "address": patient.street_lines,
        "city": patient.city,
        "state": patient.state,
        "zip_code": patient.zip_code,
        "phone_number": patient.phone,
        "email": patient.email if patient.clinic.sends_email else "",
    }
    filled = {name: value for name, value in wanted.items() if value}
    overridden = bool(patient.address) and record.address_override == patient.address
    fields = filled | {"sms_opt_in": patient.sms_consent, "confirm_address": overridden}
    return {"fields": fields, "cleared": sorted(set(record.sent_fields) - filled.keys())}


def known_fields(record: PatientRecord, payload: dict[str, Any]) -> list[str]:
    return sorted({*record.sent_fields, *payload["fields"]} - {"sms_opt_in", "confirm_address"})


# --- what the vendor answers ------------------------------------------------------------------------------------------


def store_answer(record: PatientRecord, answer: PatientDetails, *, confirmed: dict[str, Any] | None = None) -> None:
    """`confirmed`: the payload that the answer confirms; None where the record was only read."""
    status = STATUS_BY_WORD.get((answer.address_status or "").strip().casefold(), AddressStatus.NOT_CHECKED)
    record.address_status, record.address_verified_by = status, answer.address_verified_by or ""
    record.answered_at = timezone.now()
    if confirmed is not None:
        record.confirmed = confirmed
    record.save(update_fields=["address_status", "address_verified_by", "answered_at", "confirmed"])
    wake_worker("exceptions")


def holds_payload(answer: PatientDetails, payload: dict[str, Any]) -> bool:
    """Whether the vendor's record says what the payload says, whatever else it says."""
    fields = payload["fields"]
    wanted = {name: fields.get(name, "") for name in COMPARED_FIELDS if name in fields or name in payload["cleared"]}
    same_texts = all(fold_text(getattr(answer, name) or "") == fold_text(value) for name, value in wanted.items())
    flags = {name: bool(fields[name]) for name in ("sms_opt_in", "confirm_address")}
    return same_texts and all(bool(getattr(answer, name)) == value for name, value in flags.items())


def schedule_reread(patient: Patient | None) -> None:
    """An unclear request with the patient's data may still be applied, after a newer one: look when it has settled."""
    if patient is not None:
        due = timezone.now() + dt.timedelta(seconds=settings.ORDER_SETTLE_SECONDS)
        PatientRecord.objects.update_or_create(patient=patient, defaults={"reread_due_at": due})
