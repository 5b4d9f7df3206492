"""Alignment of stored rows with today's rules, in steps that each app lists and `manage.py align_stored_rows` runs.

A step is a function that aligns the next slice of rows in key order, from the one after `after` (None: from the first),
in the caller's transaction. It does the work itself; a report is the same work, rolled back. A run that was interrupted
is begun anew: what is aligned stays as it is.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from django.db import transaction

from patients.audit import audit_log
from patients.models import Patient
from patients.models.audit import AuditAction

SLICE_PATIENTS = 100
RowKey = int | uuid.UUID


class AlignedSlice(NamedTuple):
    """`last`: the key of the last row compared, None when there are no more. `patients`: those whose rows changed."""

    last: RowKey | None
    changed: int = 0
    patients: frozenset[uuid.UUID] = frozenset()


class AlignmentStep(NamedTuple):
    """`name` begins with the app. `description` says for operators what changes."""

    name: str
    description: str
    align_slice: Callable[[RowKey | None], AlignedSlice]


def next_patients(after: RowKey | None) -> list[uuid.UUID]:
    """The next slice of patients, for steps that align what follows from a patient's rows."""
    rows = Patient.objects.order_by("pk")
    return list((rows.filter(pk__gt=after) if after else rows).values_list("pk", flat=True)[:SLICE_PATIENTS])


def aligned_patients(patients: Sequence[uuid.UUID], *, changed: Sequence[uuid.UUID]) -> AlignedSlice:
    """`changed` names a patient once for each changed row. Open pages of theirs reload."""
    Patient.objects.touch_live_version(changed)
    last = patients[-1] if len(patients) == SLICE_PATIENTS else None
    return AlignedSlice(last, changed=len(changed), patients=frozenset(changed))


def run_step(step: AlignmentStep, *, apply: bool) -> Iterator[int]:
    """Numbers of changed rows, slice by slice, each in a transaction of its own that is rolled back without `apply`.

    What is changed of patients is audited in the same transaction.
    """
    last: RowKey | None = None
    while True:
        with transaction.atomic():
            aligned = step.align_slice(last)
            if aligned.patients:
                audit_log.record_event(
                    AuditAction.ALIGN, by=None, patients=sorted(aligned.patients), target=f"step:{step.name}",
                    count=aligned.changed,
                )  # fmt: skip
            if not apply:
                transaction.set_rollback(True)
        yield aligned.changed
        if aligned.last is None:
            return
        last = aligned.last
