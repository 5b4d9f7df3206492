"""Approved lines of many patients as they were frozen, with what a person has confirmed since."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection
from typing import NamedTuple

from measurements.billing.engine.approvals import LineKey, line_key
from measurements.billing.engine.lines import Line
from measurements.billing.models import LineApproval, LineStep, StepKind
from measurements.billing.stored_lines.line_json import approved_line, read_content


class ApprovedLine(NamedTuple):
    approval_id: int
    line: Line


def load_approved_lines(patients: Collection[uuid.UUID]) -> dict[uuid.UUID, dict[LineKey, ApprovedLine]]:
    """By patient and line; two queries. A later approval of a line is the one in force."""
    approvals = LineApproval.objects.of_patients(patients).in_force().defer("evidence", "statement").order_by("pk")
    rows = list(approvals)
    steps = LineStep.objects.filter(approval__in=[row.pk for row in rows], kind=StepKind.CONFIRMED)
    confirmed = {step.approval_id: step.against for step in steps.order_by("pk")}
    found: dict[uuid.UUID, dict[LineKey, ApprovedLine]] = defaultdict(dict)
    for row in rows:
        against = read_content(confirmed.get(row.pk))
        line = approved_line(row.line, at=row.at, by=str(row.by_id), against=against)
        found[row.patient_id][line_key(line)] = ApprovedLine(row.pk, line)
    return found
