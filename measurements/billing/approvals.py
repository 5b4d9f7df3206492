"""Approvals of lines by their billing practitioner: checked, frozen with the hash of their evidence, confirmed.

The lock of a patient's `BillingState` is that of the patient's lines and approvals.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from measurements.billing import line_words
from measurements.billing.computation import compute_states, lock_state
from measurements.billing.engine.approvals import DEVICE_KINDS, LineKey, is_time_approved, line_key, replaced_keys
from measurements.billing.engine.bill import compute_bill
from measurements.billing.engine.code_rules import Kind
from measurements.billing.engine.known import Known
from measurements.billing.engine.lines import Bill, Line, Status
from measurements.billing.evidence.content import evidence_content, evidence_hash
from measurements.billing.evidence.recorded import recorded_rows
from measurements.billing.models import BillingLine, LineApproval, LineStep, StepKind
from measurements.billing.stored_facts.facts_loader import build_facts, load_rows
from measurements.billing.stored_lines.approved_lines import ApprovedLine, load_approved_lines
from measurements.billing.stored_lines.line_json import line_to_json
from patients.audit import audit_log
from patients.models import Patient, User
from patients.models.audit import AuditAction
from patients.permissions import Permission, has_permission
from patients.programmes.models import BillingPractitioner

MOST_AT_ONCE = 50
STATEMENT = (
    "I am the billing practitioner of these lines. I have reviewed their days, minutes and evidence. The services were"
    " ordered, medically necessary, and given by me or under my supervision as described. The patient consented."
)
NOT_YOURS = "Only the billing practitioner of the order may approve it"
CHANGED = "It has changed since the page was opened: please read it again"


@dataclass(frozen=True)
class Candidate:
    """A line chosen for approval. `refusal`: why it can't be approved, empty if it can; `odd`: what to read first."""

    line: BillingLine
    refusal: str
    odd: list[str]

    @property
    def seen(self) -> str:
        return fingerprint(self.line)


def fingerprint(line: BillingLine) -> str:
    """What a person saw of the line before approving it."""
    now = line.difference or {"codes": {line.code: line.units}, "count": len(line.days) or line.minutes or 0}
    codes = "+".join(f"{code}x{units}" for code, units in sorted(now["codes"].items()))
    return f"{line.pk}:{codes}:{now['count']}"


def is_billing_practitioner(user: User, day: dt.date) -> bool:
    periods = BillingPractitioner.objects.valid().filter(person=user, started_on__lte=day)
    return any(row.ended_on is None or row.ended_on >= day for row in periods)


def approvable_by(user: User, lines: Iterable[BillingLine]) -> set[int]:
    """Ids of those whose billing practitioner the user is; whether they are ready is not asked."""
    if not has_permission(user, Permission.APPROVE_BILLING):
        return set()
    own = {line.pk for line in lines if line.practitioner and line.practitioner.user_id == user.pk}
    clinic = user.clinics.first() if own else None
    today = timezone.localdate(timezone=clinic.zone) if clinic else None
    return own if today and is_billing_practitioner(user, today) else set()


def candidates(lines: Sequence[BillingLine], by: User) -> list[Candidate]:
    """`practitioner` and `patient__billing_state` are selected with them."""
    allowed = approvable_by(by, lines)
    return [Candidate(line, refusal_of(line, is_own=line.pk in allowed), oddities(line)) for line in lines]


def refusal_of(line: BillingLine, *, is_own: bool) -> str:
    if not is_own:
        return NOT_YOURS
    differs = line.difference is not None and bool(line.difference["codes"])
    if line.status != Status.SUGGESTED and not differs:
        return f"It is {line_words.describe_status(line).lower()}"
    if line.kind == Kind.MONTH and not has_approved_time(line):
        return "The month's time needs its approval before"
    return ""


def has_approved_time(line: BillingLine) -> bool:
    months = line.patient.billing_state.months
    return any(one["month"] == line.first.isoformat() and one["time_approved"] is True for one in months)


def oddities(line: BillingLine) -> list[str]:
    difference = line_words.describe_difference(line)
    return [*([difference] if difference else []), *line_words.describe_cautions(line)]


@transaction.atomic
def approve_lines(*, lines: Sequence[BillingLine], seen: Collection[str], by: User) -> list[LineApproval]:
    """All or none. ValidationError that names each line that can't be approved."""
    if len(lines) > MOST_AT_ONCE:
        raise ValidationError(f"At most {MOST_AT_ONCE} lines are approved at once.")
    of_patient: dict[uuid.UUID, list[BillingLine]] = defaultdict(list)
    for line in lines:
        of_patient[line.patient_id].append(line)
    approved: list[LineApproval] = []
    for patient_id in sorted(of_patient):
        approved += approve_of_patient(patient_id, of_patient[patient_id], seen, by)
    audit_log.record_event(AuditAction.BILLING, by=by, patients=sorted(of_patient), rows=len(approved))
    return approved


def approve_of_patient(
    patient_id: uuid.UUID, chosen: Sequence[BillingLine], seen: Collection[str], by: User
) -> list[LineApproval]:
    state = lock_state(patient_id)
    compute_states([state])
    ids = [line.pk for line in chosen]
    lines = list(BillingLine.objects.filter(pk__in=ids).select_related("practitioner", "patient__billing_state"))
    refuse_candidates(chosen, candidates(lines, by), seen)
    approved = freeze_lines(state.patient, lines, by)
    compute_states([state])
    return approved


def refuse_candidates(chosen: Sequence[BillingLine], found: Sequence[Candidate], seen: Collection[str]) -> None:
    known = {one.line.pk for one in found}
    wrong = [f"{line_words.describe_code(line)}: {CHANGED}." for line in chosen if line.pk not in known]
    for one in found:
        refusal = one.refusal or ("" if one.seen in seen else CHANGED)
        if refusal:
            wrong.append(f"{line_words.describe_code(one.line)}, {line_words.describe_span(one.line)}: {refusal}.")
    if wrong:
        raise ValidationError(wrong)


def freeze_lines(patient: Patient, lines: Sequence[BillingLine], by: User) -> list[LineApproval]:
    now, rows = timezone.now(), load_rows([patient])
    facts = build_facts(rows, patient)
    known, approved = Known(facts, now), load_approved_lines([patient.pk]).get(patient.pk, {})
    fresh = compute_bill(known, [one.line for one in approved.values()])
    recorded = recorded_rows(rows, patient, facts, by=by, statement=STATEMENT)
    made = []
    for line in chosen_lines(known, fresh, lines):
        content = evidence_content(facts, line, now, recorded)
        approval = LineApproval.objects.create(
            patient=patient,
            kind=str(line.kind),
            programme=str(line.programme),
            first=line.first,
            code=line.code or "",
            units=line.units,
            by=by,
            at=now,
            statement=STATEMENT,
            line=line_to_json(line),
            evidence=content,
            evidence_hash=evidence_hash(content),
        )
        replace_approvals(known, line, approved, approval)
        approved[line_key(line)] = ApprovedLine(approval.pk, line)
        made.append(approval)
    return made


def chosen_lines(known: Known, fresh: Bill, lines: Sequence[BillingLine]) -> list[Line]:
    """Of a month that differs all its lines of the programme, which belong together."""
    suggested = [
        line
        for line in (*fresh.setups, *fresh.windows, *(one for month in fresh.months for one in month.lines))
        if line.status is Status.SUGGESTED
    ]
    found: dict[LineKey, Line] = {}
    for row in lines:
        for line in suggested:
            is_of_row = (str(line.kind), str(line.programme), line.first) == (row.kind, row.programme, row.first)
            if is_of_row and (line.code == row.code or row.difference is not None):
                if line.kind is Kind.MONTH and is_time_approved(known, line.first) is not True:
                    continue
                found[line_key(line)] = line
        if not any(is_as_read(row, line) for line in found.values()):
            raise ValidationError(f"{line_words.describe_code(row)}: {CHANGED}.")
    return list(found.values())


def is_as_read(row: BillingLine, line: Line) -> bool:
    """Whether the line is the row's, with the same count; facts may change until the last instant."""
    is_of_row = (str(line.kind), str(line.programme), line.first) == (row.kind, row.programme, row.first)
    if row.difference is not None:
        count = len(line.days) if line.kind in DEVICE_KINDS else line.minutes
        return is_of_row and count == row.difference["count"]
    return is_of_row and (line.code, line.units, list(line.days), line.minutes) == (
        row.code,
        row.units,
        row.days,
        row.minutes,
    )


def replace_approvals(
    known: Known, line: Line, approved: Mapping[LineKey, ApprovedLine], approval: LineApproval
) -> None:
    """The older approval of the line, and those that it makes untrue: 99470 by 99457."""
    lines = {key: one.line for key, one in approved.items()}
    keys = {line_key(line), *replaced_keys(lines, known, line)} & approved.keys()
    made = {one.approval_id for key, one in approved.items() if key in keys} - {approval.pk}
    LineStep.objects.bulk_create(
        LineStep(approval_id=pk, kind=StepKind.REPLACED, replaced_by=approval, by=approval.by, at=approval.at)
        for pk in sorted(made)
    )


@transaction.atomic
def confirm_line(*, approval: LineApproval, reason: str, by: User) -> LineStep:
    """What was approved remains true although the facts say otherwise by now."""
    state = lock_state(approval.patient_id)
    compute_states([state])
    line = BillingLine.objects.select_related("practitioner").filter(approval=approval).first()
    if line is None or line.difference is None:
        raise ValidationError("Nothing differs from what was approved.")
    if line.pk not in approvable_by(by, [line]):
        raise ValidationError(f"{NOT_YOURS}.")
    step = LineStep.objects.create(
        approval=approval, kind=StepKind.CONFIRMED, reason=reason, against=line.difference, by=by
    )
    compute_states([state])
    audit_log.record_event(
        AuditAction.BILLING, by=by, patients=[approval.patient_id], target=f"lineapproval:{approval.pk}"
    )
    return step
