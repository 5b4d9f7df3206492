"""What a patient is expected to measure: named by a person, else what the active devices have sent."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import QuerySet

from measurements.alerts.assessment import assess_entries, lock_entry
from measurements.alerts.engine.kinds.silence import NEVER_EXPECTED
from measurements.alerts.models import ExpectedReadings
from measurements.alerts.pauses import check_may_pause
from measurements.models import Metric
from patients.audit import audit_log
from patients.models import Patient, User
from patients.models.audit import AuditAction


def expectable_metrics() -> QuerySet[Metric]:
    """Vital signs that don't come beside another or only when something is detected."""
    return Metric.objects.filter(vital=True, known=True).exclude(pk__in=NEVER_EXPECTED)


@transaction.atomic
def expect_readings(*, patient: Patient, by: User, metrics: Sequence[str] | None) -> ExpectedReadings:
    """From now on; None: what the devices send. ValidationError by field; PermissionDenied."""
    check_may_pause(patient, by)
    if metrics is not None:
        known = set(expectable_metrics().values_list("pk", flat=True))
        if not metrics or not set(metrics) <= known:
            raise ValidationError({"metrics": "Choose at least one reading of the list."})
        metrics = sorted(set(metrics))
    entry = lock_entry(patient.pk)
    row = ExpectedReadings.objects.create(patient=patient, by=by, metrics=metrics)
    audit_log.record_event(AuditAction.ALERT, by=by, patients=[patient.pk], clinic=patient.clinic, step="expected")
    assess_entries([entry])
    return row
