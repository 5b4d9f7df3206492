"""Store attributed readings once, and update flags, latest readings and summaries in the same transaction."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import connection

from devices.statuses import DeviceState
from measurements.ingest import latest_readings, legacy_payloads, patient_summaries, quality_flags
from measurements.ingest.insert import AttributedReading, InsertedReadings, insert_readings
from measurements.ingest.pg_arrays import format_bigint_array
from measurements.models import TriageEntry
from measurements.models.measurement import MeasurementSource
from measurements.weights.figures import WEIGHT_METRIC
from patients.models import Patient


@dataclass
class StoreResult:
    already_stored: int = 0
    newly_connected: bool = False
    new_ids: list[int] = field(default_factory=list)

    @property
    def added(self) -> int:
        return len(self.new_ids)


# Lock order of every writer: devices, latest readings, summaries, triage entries, patients, each by key, so that none
# deadlock.
# Devices before the insert: of two workers with the two sides of a conflict, the second must see the first's row.
LOCK_DEVICES_SQL = "SELECT id, state FROM devices_device WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"


def store_readings(attributed: Sequence[AttributedReading], *, source: MeasurementSource) -> StoreResult:
    """Insert what is new; repeats change nothing. Runs in the caller's transaction."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK_DEVICES_SQL, [sorted({entry.device_id for entry in attributed})])
        state_before: dict[int, str] = dict(cursor.fetchall())
    fresh, corrected = legacy_payloads.resolve_legacy_readings(attributed, source=source)
    stored = StoreResult(already_stored=len(attributed) - len(fresh))
    if corrected:
        update_after_legacy_completion(corrected)
    if not fresh:
        return stored
    news = insert_readings(fresh, source=source)
    stored.new_ids = [pk for new in news for pk in new.ids]
    stored.already_stored += len(fresh) - stored.added
    if news:
        # Two of one device, metric and time among the new ones: rare enough to check the times of all of them then.
        times = {(entry.device_id, entry.reading.metric, entry.reading.identity_at) for entry in fresh}
        update_after_insert(news, has_repeated_times=len(times) < len(fresh))
        stored.newly_connected = any(state_before[new.device_id] in DeviceState.before_first_reading() for new in news)
    return stored


def update_after_legacy_completion(corrected: set[tuple[uuid.UUID, str]]) -> None:
    """Recompute what depends on the order of readings, after the time of stored ones was corrected."""
    latest_readings.recompute_latest_readings(corrected)
    patients = {patient_id for patient_id, _ in corrected}
    patient_summaries.rebuild_patient_summaries(patients)
    TriageEntry.objects.mark_due(patients)
    Patient.objects.touch_live_version(patients)


def update_after_insert(inserted: Sequence[InsertedReadings], *, has_repeated_times: bool) -> None:
    """Flags, latest readings, summaries and live versions, for the new rows and for older ones that got a flag."""
    new_ids = {pk for new in inserted for pk in new.ids}
    ids = format_bigint_array(new_ids)
    to_check, duplicates = quality_flags.flag_new_readings(
        repeated_time_ids=ids
        if has_repeated_times
        else format_bigint_array(pk for new in inserted for pk in new.repeated_time_ids),
        near_estimated=format_bigint_array(pk for new in inserted if new.near_estimated for pk in new.ids),
        impossible_pulse=format_bigint_array(pk for new in inserted for pk in new.impossible_pulse_ids),
    )
    flagged = {(row.patient_id, row.metric) for row in (*to_check, *duplicates)}
    latest_readings.update_latest_readings(
        format_bigint_array(new.latest_id for new in inserted if new.latest_id is not None),
        doubtful=flagged | {(new.patient_id, new.metric) for new in inserted if new.implausible},
        touched=[(new.patient_id, new.metric) for new in inserted],
    )
    patients = {new.patient_id for new in inserted} | {patient_id for patient_id, _ in flagged}
    patient_summaries.update_patient_summaries(
        ids, patients=patients, weighed={new.patient_id for new in inserted if new.metric == WEIGHT_METRIC}
    )
    # An older reading that counted until now may have been the only one of its day.
    if uncounted := {row.patient_id for row in duplicates if row.id not in new_ids}:
        patient_summaries.rebuild_patient_summaries(uncounted)
    TriageEntry.objects.mark_due(patients)
    Patient.objects.touch_live_version(patients)
