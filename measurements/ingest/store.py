"""Store attributed readings once, and update flags, latest readings and summaries in the same transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import connection

from devices.statuses import DeviceState
from measurements.ingest import latest_readings, legacy_payloads, patient_summaries, quality_flags
from measurements.ingest.insert import AttributedReading, InsertedReadings, insert_readings
from measurements.ingest.latest_readings import SeriesKey
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


# Lock order: docs/adr/0012. After the insert each table is therefore written once, for all patients together.
# Devices before the insert: of two workers with the two sides of a conflict, the second must see the first's row.
LOCK_DEVICES_SQL = "SELECT id, state FROM devices_device WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE"


def store_readings(attributed: Sequence[AttributedReading], *, source: MeasurementSource) -> StoreResult:
    """Insert what is new; repeats change nothing. Runs in the caller's transaction."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK_DEVICES_SQL, [sorted({entry.device_id for entry in attributed})])
        state_before: dict[int, str] = dict(cursor.fetchall())
    fresh, corrected = legacy_payloads.resolve_legacy_readings(attributed, source=source)
    news = insert_readings(fresh, source=source) if fresh else []
    stored = StoreResult(new_ids=[pk for new in news for pk in new.ids])
    stored.already_stored = len(attributed) - stored.added
    if news or corrected:
        # Two of one device, metric and time among the new ones: rare enough to check the times of all of them then.
        times = {(entry.device_id, entry.reading.metric, entry.reading.identity_at) for entry in fresh}
        update_computed_rows(news, corrected=corrected, has_repeated_times=len(times) < len(fresh))
    stored.newly_connected = any(state_before[new.device_id] in DeviceState.before_first_reading() for new in news)
    return stored


def update_computed_rows(
    inserted: Sequence[InsertedReadings], *, corrected: set[SeriesKey], has_repeated_times: bool
) -> None:
    """Flags, latest readings, summaries and live versions, for the new rows and for older ones that got a flag.

    `corrected`: series of which a stored reading got another time, so that its place among the others is another.
    """
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
        corrected=corrected,
        touched=[(new.patient_id, new.metric) for new in inserted],
    )
    # An older reading that counted until now, or whose time was corrected, may have been the only one of its day.
    to_rebuild = {row.patient_id for row in duplicates if row.id not in new_ids} | {pk for pk, _ in corrected}
    patients = {new.patient_id for new in inserted} | {pk for pk, _ in flagged} | to_rebuild
    if to_rebuild:
        patient_summaries.lock_patient_summaries(patients)
    patient_summaries.update_patient_summaries(
        ids, patients=patients, weighed={new.patient_id for new in inserted if new.metric == WEIGHT_METRIC}
    )
    if to_rebuild:
        patient_summaries.rebuild_patient_summaries(to_rebuild)
    TriageEntry.objects.mark_due(patients)
    Patient.objects.touch_live_version(patients)
