"""Assessment of patients whose alerts are due: facts loaded, episodes computed and stored."""

from __future__ import annotations

import uuid
from collections.abc import Collection


def assess_due_patients() -> None:
    """Patients whose TriageEntry is due."""


def assess_patients(patients: Collection[uuid.UUID]) -> None:
    """In the caller's transaction, so that a page shows what a step has changed."""
