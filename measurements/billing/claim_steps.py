"""Steps of approved lines: exported, submitted, paid, denied, written off; which may follow which."""

from __future__ import annotations

from collections.abc import Collection

from django.core.exceptions import ValidationError
from django.db import transaction

from measurements.billing import line_words
from measurements.billing.computation import lock_state
from measurements.billing.models import BillingLine, LineApproval, LineStep, StepKind
from measurements.billing.models.line_approval import CLAIM_STEPS, STEPS_WITH_REASON
from patients.audit import audit_log
from patients.models import User
from patients.models.audit import AuditAction

# None: nothing has happened yet.
FOLLOWING = {
    None: (StepKind.EXPORTED, StepKind.SUBMITTED, StepKind.WRITTEN_OFF),
    StepKind.EXPORTED: (StepKind.EXPORTED, StepKind.SUBMITTED, StepKind.WRITTEN_OFF),
    StepKind.SUBMITTED: (StepKind.PAID, StepKind.DENIED, StepKind.WRITTEN_OFF),
    StepKind.DENIED: (StepKind.EXPORTED, StepKind.SUBMITTED, StepKind.WRITTEN_OFF),
    StepKind.PAID: (),
    StepKind.WRITTEN_OFF: (),
}
STOPPED_BY_DIFFERENCE = (StepKind.EXPORTED, StepKind.SUBMITTED)


def newest_claim_steps(approvals: Collection[int]) -> dict[int, LineStep]:
    """By approval; one query."""
    if not approvals:
        return {}
    steps = LineStep.objects.filter(approval__in=approvals, kind__in=CLAIM_STEPS)
    return {step.approval_id: step for step in steps.order_by("pk")}


@transaction.atomic
def record_step(*, approval: LineApproval, kind: StepKind, reason: str, by: User) -> LineStep:
    """ValidationError: it can't follow, needs a reason, or the line differs from what was approved."""
    lock_state(approval.patient_id)
    newest = newest_claim_steps([approval.pk]).get(approval.pk)
    if kind not in FOLLOWING[StepKind(newest.kind) if newest else None]:
        before = newest.get_kind_display().lower() if newest else "only approved"
        raise ValidationError(f"It is {before}, so it can't be {kind.label.lower()} now.")
    if kind in STEPS_WITH_REASON and not reason.strip():
        raise ValidationError(f"Why is it {kind.label.lower()}?")
    line = BillingLine.objects.filter(approval=approval).first()
    if line is None:
        raise ValidationError("Another approval has replaced this one.")
    if kind in STOPPED_BY_DIFFERENCE and line.difference is not None:
        raise ValidationError(f"{line_words.describe_difference(line)}. Approve the new or confirm the approved first.")
    step = LineStep.objects.create(approval=approval, kind=kind, reason=reason.strip(), by=by)
    target = f"lineapproval:{approval.pk}"
    audit_log.record_event(AuditAction.BILLING, by=by, patients=[approval.patient_id], target=target)
    return step
