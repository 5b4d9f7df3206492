"""Changed rules, payers' rules and settings make lines due."""

from __future__ import annotations

from collections.abc import Iterable

from measurements.billing.models import BillingState
from patients.models import Clinic


def mark_clinics_due(clinics: Iterable[Clinic]) -> None:
    """Of discharged patients too: their last windows and months may still be open or not approved."""
    for clinic in clinics:
        BillingState.objects.mark_due(clinic.patients.values_list("pk", flat=True))
