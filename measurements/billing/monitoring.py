"""Health checks of billing: nothing waits to be computed, no patient fails."""

from __future__ import annotations

from devices.monitoring.checks import register_check
from devices.monitoring.queue_age import REVIEW_LIMIT, QueueAge, oldest_of, register_queue_age
from measurements.billing.models import BillingState
from measurements.billing.models.state import WORK
from patients.wording import count_noun


def check_failed_computations() -> str | None:
    failing = BillingState.objects.failing().count()
    return f"billing lines of {count_noun(failing, 'patient')} could not be computed" if failing else None


AGE = QueueAge(
    "patients wait for their billing lines to be computed",
    REVIEW_LIMIT,
    oldest_of(BillingState.objects.all(), "due_at"),
)
register_queue_age(WORK, AGE)
register_check(WORK, AGE.problem)
register_check("billing_failed", check_failed_computations)
