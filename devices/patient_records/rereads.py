"""Re-reads of patients' records: after an unclear request, and while an address is being settled with the vendor."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils import timezone

from devices import tenovi
from devices.models.vendor_call import CallState
from devices.patient_records import records
from devices.patient_records.models import PatientRecord
from devices.vendor_reads import drain_vendor_reads

RETRY_AFTER = dt.timedelta(minutes=1)


def read_due_records(client: tenovi.TenoviClient) -> int:
    """Read every record that is due. One that differs from ours is sent again. Returns how many were read."""
    return drain_vendor_reads(
        claim_next_record,
        lambda record: apply_reread(record, client.get_patient(record.patient.external_id)),
        handle_failed_reread,
        purpose="The reading of patients' records",
        stop_unreachable=True,
    ).count


def claim_next_record() -> PatientRecord | None:
    """The next reading is booked before this one, so that two workers don't read the same record."""
    with transaction.atomic():
        due = PatientRecord.objects.reread_due().select_for_update(skip_locked=True, of=("self",), no_key=True)
        record = due.select_related("patient__clinic").first()
        if record is not None:
            record.reread_due_at = timezone.now() + RETRY_AFTER
            record.save(update_fields=["reread_due_at"])
    return record


def apply_reread(claimed: PatientRecord, answer: tenovi.PatientDetails | None) -> None:
    """`answer` None: the vendor has no such record."""
    patient = claimed.patient
    with transaction.atomic():
        record = records.lock_record(patient)
        if record.reread_due_at == claimed.reread_due_at:  # else a later reading was asked for meanwhile
            record.reread_due_at = None
            record.save(update_fields=["reread_due_at"])
        if answer is not None:
            records.store_answer(record, answer)
        waits = records.record_calls(patient).filter(state__in=CallState.unresolved()).exists()
        differs = answer is None or not records.holds_payload(answer, records.build_payload(patient, record))
        if differs and not waits:
            records.request_record(patient, by=None, force=True)


def handle_failed_reread(record: PatientRecord, failure: tenovi.VendorFailure) -> None:
    """It stays due; a record that is missing at the vendor is sent again."""
    if isinstance(failure, tenovi.Failed) and failure.not_found:
        apply_reread(record, None)
