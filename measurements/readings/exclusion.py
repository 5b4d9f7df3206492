"""Exclusion of a reading from averages by a clinician, with a reason, and its undo."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from django.core.exceptions import ValidationError
from django.db import connection, models, transaction
from django.utils import timezone

from measurements.ingest import latest_readings, patient_summaries
from measurements.models import ExclusionEvent, Measurement, TriageEntry
from patients.audit import audit_log
from patients.models import Patient, User
from patients.models.audit import AuditAction


class ExclusionReason(models.TextChoices):
    SOMEONE_ELSE = "someone_else", "Someone else's reading"
    BAD_MEASUREMENT = "bad_measurement", "Bad measurement (cuff, posture, movement)"
    DEVICE_TEST = "device_test", "A test of the device"
    OTHER = "other", "Something else"

    def format_reason(self, detail: str) -> str:
        """As stored with the reading: the label of the reason, and the detail that was typed."""
        words = "" if self == ExclusionReason.OTHER else str(self.label)
        return ": ".join(part for part in (words, detail.strip()) if part)


# Conflict flags of one time, from the readings not excluded: when the wrong one of two is excluded, the other counts.
RECOMPUTE_CONFLICTS_SQL = """
UPDATE measurements_measurement AS stored SET conflict = EXISTS (
    SELECT FROM measurements_measurement AS other
    WHERE other.device_id = stored.device_id AND other.metric_id = stored.metric_id
        AND other.identity_at = stored.identity_at
        AND other.id <> stored.id AND other.excluded_at IS NULL
        AND (other.index = stored.index OR other.index = 0 OR stored.index = 0)
        AND ((other.value_1, other.beyond_meter) IS DISTINCT FROM (stored.value_1, stored.beyond_meter)
            OR metric.has_second_value AND COALESCE(other.value_2, 0) <> COALESCE(stored.value_2, 0))
)
FROM measurements_metric AS metric
WHERE stored.id = ANY(%s) AND stored.excluded_at IS NULL AND metric.code = stored.metric_id AND metric.single
"""


@transaction.atomic
def exclude_reading(*, reading: Measurement, reason: ExclusionReason, by: User, detail: str = "") -> list[Measurement]:
    """Exclude a reading and its companions from averages, latest values and measured days; returns all of them.

    ValidationError: excluded already, or no reason in words.
    """
    words = reason.format_reason(detail)[:200]
    if not words:
        raise ValidationError("Say in a few words why this reading doesn't count.")
    together = lock_simultaneous_readings(reading)
    target = find_vital_reading(together, reading)
    if target.excluded_at is not None:
        raise ValidationError(f"{target.excluded_by} has excluded this reading already.")
    chosen = [target, *companion_readings(together, target)]
    of_chosen, at = Measurement.objects.filter(pk__in=[row.pk for row in chosen]), timezone.now()
    of_chosen.update(excluded_at=at, excluded_by=by, excluded_reason=words)
    record_exclusion_events(chosen, at=at, by=by, reason=words)
    update_after_exclusion(
        together, target, action=AuditAction.EXCLUDE, by=by, reason=str(reason), readings=len(chosen)
    )
    return chosen


@transaction.atomic
def undo_exclusion(*, reading: Measurement, by: User) -> list[Measurement]:
    """Undo an exclusion, with what was excluded together with it; returns all of them.

    ValidationError: it is not excluded.
    """
    together = lock_simultaneous_readings(reading)
    target = find_vital_reading(together, reading)
    if target.excluded_at is None:
        raise ValidationError("This reading counts already: its exclusion was undone.")
    chosen = [target, *readings_excluded_with(together, target)]
    of_chosen = Measurement.objects.filter(pk__in=[row.pk for row in chosen])
    of_chosen.update(excluded_at=None, excluded_by=None, excluded_reason="")
    record_exclusion_events(chosen, at=timezone.now(), by=by, is_undo=True)
    update_after_exclusion(together, target, action=AuditAction.UNDO_EXCLUSION, by=by, readings=len(chosen))
    return chosen


def record_exclusion_events(
    readings: Iterable[Measurement], *, at: dt.datetime, by: User, reason: str = "", is_undo: bool = False
) -> None:
    """The history, of which the readings hold only the present."""
    ExclusionEvent.objects.bulk_create(
        ExclusionEvent(measurement=row, patient_id=row.patient_id, at=at, by=by, reason=reason, is_undo=is_undo)
        for row in readings
    )


def lock_simultaneous_readings(reading: Measurement) -> list[Measurement]:
    """The vital signs that the device took at this time, locked before latest readings and patients as in ingest."""
    rows = Measurement.objects.taken_with(reading).filter(metric__vital=True)
    return list(
        rows.select_for_update(no_key=True, of=("self",)).select_related("metric", "excluded_by").order_by("pk")
    )


def find_vital_reading(together: Sequence[Measurement], reading: Measurement) -> Measurement:
    """The row as read under the lock. ValidationError: not a vital sign, which nothing is computed from."""
    found = next((row for row in together if row.pk == reading.pk), None)
    if found is None:
        raise ValidationError("Only vital signs can be excluded.")
    return found


def companion_readings(together: Sequence[Measurement], target: Measurement) -> list[Measurement]:
    """The other vital signs of one physical reading, which are excluded with it: the pulse of a blood pressure.

    None where another value of the same metric and time still needs them.
    """
    others = [row for row in together if row.pk != target.pk and row.index == target.index and row.metric.vital]
    open_rows = [row for row in others if row.excluded_at is None]
    return [] if any(row.metric_id == target.metric_id for row in open_rows) else open_rows


def readings_excluded_with(together: Sequence[Measurement], target: Measurement) -> list[Measurement]:
    """What was excluded in one step with `target`, and counts again with it."""
    others = (row for row in together if row.pk != target.pk and row.index == target.index)
    return [row for row in others if row.excluded_at is not None and row.excluded_at == target.excluded_at]


def update_after_exclusion(
    together: Sequence[Measurement], target: Measurement, *, action: AuditAction, by: User, **details: object
) -> None:
    """Conflict flags, latest readings, the summary, the live version, and the audit event."""
    with connection.cursor() as cursor:
        cursor.execute(RECOMPUTE_CONFLICTS_SQL, [[row.pk for row in together]])
    latest_readings.recompute_latest_readings((target.patient_id, row.metric_id) for row in together)
    patient_summaries.rebuild_patient_summaries([target.patient_id])
    TriageEntry.objects.mark_due([target.patient_id])
    Patient.objects.touch_live_version([target.patient_id])
    clinic = target.patient.clinic
    audit_log.record_event(
        action, by=by, patients=[target.patient_id], clinic=clinic, target=f"reading:{target.pk}", **details
    )
