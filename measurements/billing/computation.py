"""Computation of patients whose billing lines are due: facts loaded, lines computed, what differs is stored.

The lock of a patient's `BillingState` is that of the patient's lines.
"""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from measurements.billing.engine.approvals import DEVICE_KINDS, LineKey
from measurements.billing.engine.code_rules import Kind, Programme
from measurements.billing.engine.date_ranges import month_of
from measurements.billing.engine.evaluation import evaluate
from measurements.billing.engine.facts import Facts
from measurements.billing.engine.known import Known
from measurements.billing.engine.lines import Bill
from measurements.billing.models import BillingLine, BillingState
from measurements.billing.models.state import WORK
from measurements.billing.stored_facts.facts_loader import load_facts_of
from measurements.billing.stored_lines import projection
from measurements.billing.stored_lines.approved_lines import ApprovedLine, load_approved_lines
from measurements.local_days import ONE_DAY, local_midnight
from patients.models import Patient
from patients.programmes.models import BillingFactsVersion
from patients.queueing.wakeup import wake_worker
from patients.queueing.work_item import DrainEnd, backoff, drain

logger = logging.getLogger(__name__)

BATCH_SIZE = 50  # patients in one transaction
COMPUTATION_SECONDS = 20.0  # of one run: at midnight thousands are due, and others wait for the same worker
FIRST_BACKOFF_SECONDS, MAX_BACKOFF_SECONDS = 60.0, 3600.0
STATE_COLUMNS = ("due_at", "computed_at", "facts_version", "months", "failures", "problem")
# Patients without a state (enrolled since, or of a time before there were lines) and those with newer facts or notes.
# A new contact is one of the last notes that were written; an older correction waits until midnight.
MARK_CHANGED_SQL = """
WITH written AS MATERIALIZED (
    SELECT note.patient_id, max(version.written_at) AS at
    FROM (SELECT note_id, written_at FROM care_noteversion ORDER BY id DESC LIMIT 1000) AS version
    JOIN care_note AS note ON note.id = version.note_id
    GROUP BY note.patient_id
)
INSERT INTO billing_billingstate AS stored (patient_id, due_at, facts_version, months, failures, problem)
SELECT patient.id, %(now)s, 0, '[]', 0, ''
FROM patients_patient AS patient
LEFT JOIN billing_billingstate AS known ON known.patient_id = patient.id
LEFT JOIN programmes_billingfactsversion AS facts ON facts.patient_id = patient.id
LEFT JOIN written ON written.patient_id = patient.id
WHERE known.patient_id IS NULL
    OR (facts.version > known.facts_version OR written.at > known.computed_at AND known.failures = 0)
        AND (known.due_at IS NULL OR known.due_at > %(now)s)
ORDER BY patient.id LIMIT 5000
ON CONFLICT (patient_id) DO UPDATE SET due_at = excluded.due_at
"""


@dataclass
class LineChanges:
    created: list[BillingLine] = field(default_factory=list)
    changed: list[BillingLine] = field(default_factory=list)
    removed: list[int] = field(default_factory=list)

    def write(self) -> None:
        BillingLine.objects.filter(pk__in=self.removed).delete()
        if self.changed:
            BillingLine.objects.bulk_create(
                self.changed,
                update_conflicts=True,
                unique_fields=["id"],
                update_fields=[name.removesuffix("_id") for name in projection.COLUMNS],
            )
        BillingLine.objects.bulk_create(self.created)


def compute_due_lines(*, seconds: float = COMPUTATION_SECONDS) -> None:
    """Compute those that are due, for about `seconds`; a wake-up continues with the others."""
    mark_changed_patients_due()
    if drain(compute_due_batch, lambda _: None, seconds=seconds).end is DrainEnd.TIME_UP:
        wake_worker(WORK)


def mark_changed_patients_due() -> None:
    with connection.cursor() as cursor:
        cursor.execute(MARK_CHANGED_SQL, {"now": timezone.now()})


@transaction.atomic
def compute_due_batch() -> int:
    """The number of patients whose lines were computed. Rows that another worker has locked are left to it."""
    rows = BillingState.objects.due().select_for_update(skip_locked=True, no_key=True, of=("self",))
    states = list(rows.select_related("patient__clinic")[:BATCH_SIZE])
    compute_states(states)
    return len(states)


def compute_patient(patient: Patient) -> BillingState:
    """At once, in the caller's transaction, so that a page shows what a step has changed."""
    state = lock_state(patient.pk)
    compute_states([state])
    return state


def lock_state(patient_id: uuid.UUID) -> BillingState:
    """Its holder is the only writer of the patient's lines and approvals."""
    rows = BillingState.objects.select_for_update(no_key=True, of=("self",)).select_related("patient__clinic")
    state = rows.filter(pk=patient_id).first()
    if state is None:
        BillingState.objects.mark_due([patient_id])
        state = rows.get(pk=patient_id)
    return state


def compute_states(states: Sequence[BillingState]) -> None:
    """The caller has locked them. A patient that fails costs the others nothing, and is tried again later."""
    if not states:
        return
    now, ids = timezone.now(), [state.pk for state in states]
    versions = dict(BillingFactsVersion.objects.filter(patient__in=ids).values_list("patient_id", "version"))
    facts = load_facts_of([state.patient for state in states])
    approved = load_approved_lines(ids)
    stored: dict[uuid.UUID, list[BillingLine]] = {pk: [] for pk in ids}
    for row in BillingLine.objects.filter(patient__in=ids):
        stored[row.patient_id].append(row)
    changes = LineChanges()
    for state in states:
        state.facts_version = versions.get(state.pk, 0)
        compute_state(state, facts[state.pk], approved.get(state.pk, {}), stored[state.pk], now, changes)
    try:
        with transaction.atomic():
            changes.write()
            BillingState.objects.bulk_update(states, STATE_COLUMNS)
    except DatabaseError as error:
        if len(states) > 1:
            for state in states:
                compute_states([state])
        else:
            record_failure(states[0], error, now)
            BillingState.objects.bulk_update(states, STATE_COLUMNS)


def compute_state(
    state: BillingState,
    facts: Facts,
    approved: Mapping[LineKey, ApprovedLine],
    stored: Sequence[BillingLine],
    now: dt.datetime,
    changes: LineChanges,
) -> None:
    try:
        known, bill = evaluate_stored(facts, approved, now)
        columns = projection.project_bill(known, bill, approved)
        state.months = projection.describe_months(bill)
        state.due_at = next_midnight(known) if projection.is_expected_to_change(known, columns) else None
    except Exception as error:  # noqa: BLE001 - whatever a row of one patient causes, the others are computed
        record_failure(state, error, now)
        return
    state.computed_at, state.failures, state.problem = now, 0, ""
    compare_lines(state.patient, stored, columns, changes)


def evaluate_stored(facts: Facts, approved: Mapping[LineKey, ApprovedLine], now: dt.datetime) -> tuple[Known, Bill]:
    """With the running month in any case, of which the card shows what is missing."""
    known = Known(facts, now)
    bill = evaluate(facts, now, months=[month_of(known.clinic_today)], stored=[one.line for one in approved.values()])
    return known, bill


def compare_lines(
    patient: Patient, stored: Sequence[BillingLine], columns: Mapping[LineKey, dict[str, Any]], changes: LineChanges
) -> None:
    rows = {row_key(row): row for row in stored}
    for key, values in columns.items():
        row = rows.pop(key, None)
        if row is None:
            changes.created.append(BillingLine(patient=patient, clinic_id=patient.clinic_id, **values))
        elif any(getattr(row, name) != value for name, value in values.items()):
            for name, value in values.items():
                setattr(row, name, value)
            changes.changed.append(row)
    changes.removed += [row.pk for row in rows.values()]


def row_key(row: BillingLine) -> LineKey:
    """As `engine.approvals.line_key`."""
    kind = Kind(row.kind)
    return kind, Programme(row.programme), row.first, "" if kind in DEVICE_KINDS else row.code


def next_midnight(known: Known) -> dt.datetime:
    """In the patient's zone or the clinic's, whichever comes first: windows go by one, months by the other."""
    days = ((known.patient_today, known.patient_zone(known.at)), (known.clinic_today, known.clinic_zone))
    return min(local_midnight(day + ONE_DAY, zone) for day, zone in days)


def record_failure(state: BillingState, error: Exception, now: dt.datetime) -> None:
    """Without the error's text, which may hold values of the patient."""
    state.failures = min(state.failures + 1, 1000)
    state.problem = type(error).__name__
    state.due_at = now + backoff(state.failures, first_seconds=FIRST_BACKOFF_SECONDS, max_seconds=MAX_BACKOFF_SECONDS)
    logger.error("billing lines of patient %s could not be computed: %s", state.pk, state.problem)
