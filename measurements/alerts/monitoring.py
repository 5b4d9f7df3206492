"""Health checks of the assessment of alerts: nothing waits, and no patient fails."""

from __future__ import annotations

from devices.monitoring.checks import register_check
from devices.monitoring.queue_age import SHORT_LIMIT, QueueAge, oldest_of, register_queue_age
from measurements.models import TriageEntry
from patients.wording import count_noun


def check_failed_assessments() -> str | None:
    failing = TriageEntry.objects.failing().count()
    return f"alerts of {count_noun(failing, 'patient')} could not be assessed" if failing else None


ASSESSMENT_AGE = QueueAge(
    "patients wait for their alerts to be assessed", SHORT_LIMIT, oldest_of(TriageEntry.objects.all(), "due_at")
)
register_queue_age("alert_assessments", ASSESSMENT_AGE)
register_check("alert_assessments", ASSESSMENT_AGE.problem)
register_check("alerts_failed", check_failed_assessments)
