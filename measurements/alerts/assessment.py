"""Assessment of patients whose alerts are due: facts loaded, episodes computed and stored, the triage entry updated.

Lock order, for everything that touches alerts: patient summaries, triage entries by their keys, the clinic whose rules
change, patients. The lock of the entry is that of the patient's episodes, steps and reviews: who takes a step of many
patients, or a step and then a change of rules, locks all entries first (`mark_due`, `mark_scope_due`).
"""

from __future__ import annotations

import datetime as dt
import logging
import uuid
from collections.abc import Collection, Sequence
from typing import NamedTuple

import msgspec
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from measurements.alerts import episode_storage
from measurements.alerts.engine.episodes import Evaluation, Section
from measurements.alerts.engine.evaluation import evaluate
from measurements.alerts.engine.facts import Facts
from measurements.alerts.engine.outcome.patient_sections import SECTIONS
from measurements.alerts.episode_storage import EpisodeChanges
from measurements.alerts.facts import stored_facts
from measurements.alerts.facts.patient_facts import MAX_CLOCK_DIFFERENCE, PatientFacts
from measurements.alerts.messages.notifications import (
    CRITICAL_CHECKS,
    record_needed_notifications,
    record_reading_notifications,
    urgent_readings,
)
from measurements.alerts.models import PresetChange
from measurements.models import TriageEntry
from patients.models import Patient
from patients.queueing.wakeup import wake_worker
from patients.queueing.work_item import DrainEnd, backoff, drain

logger = logging.getLogger(__name__)

BATCH_SIZE = 50  # patients in one transaction
ASSESSMENT_SECONDS = 2.0  # of one run: at midnight thousands are due, and new readings wait for the same worker
FIRST_BACKOFF_SECONDS, MAX_BACKOFF_SECONDS = 30.0, 3600.0
# What an assessment writes; ten times as fast as the ORM's update of many rows.
ENTRY_COLUMNS = {
    "due_at": "timestamptz",
    "section": "text",
    "rank": "smallint",
    "is_unacknowledged": "boolean",
    "order_at": "timestamptz",
    "checks": "jsonb",
    "assessed_at": "timestamptz",
    "failures": "smallint",
    "problem": "text",
}
STORE_ENTRIES_SQL = """
UPDATE measurements_triageentry AS stored SET {values}
FROM jsonb_to_recordset(%s::jsonb) AS fresh(patient_id uuid, {columns})
WHERE stored.patient_id = fresh.patient_id
""".format(
    values=", ".join(f"{name} = fresh.{name}" for name in ENTRY_COLUMNS),
    columns=", ".join(f"{name} {kind}" for name, kind in ENTRY_COLUMNS.items()),
)

# A patient without an entry: enrolled and not yet measured, or of a time before there were entries.
ADD_ENTRIES_SQL = """
INSERT INTO measurements_triageentry (patient_id, due_at, section, rank, is_unacknowledged, checks, failures, problem)
SELECT patient.id, %(now)s, '', 0, false, '{}', 0, ''
FROM patients_patient AS patient
WHERE NOT EXISTS (SELECT FROM measurements_triageentry AS stored WHERE stored.patient_id = patient.id)
ORDER BY patient.id LIMIT 5000
ON CONFLICT DO NOTHING
"""


class Assessed(NamedTuple):
    entry: TriageEntry
    changes: EpisodeChanges
    has_changed: bool
    had_urgent_readings: bool = False


def assess_due_patients(*, seconds: float = ASSESSMENT_SECONDS) -> None:
    """Assess those that are due, for about `seconds`; a wake-up continues with the others."""
    if drain(assess_due_batch, lambda _: None, seconds=seconds).end is DrainEnd.TIME_UP:
        wake_worker("alert_assessments")


def add_missing_entries() -> None:
    with connection.cursor() as cursor:
        cursor.execute(ADD_ENTRIES_SQL, {"now": timezone.now()})
        added = cursor.rowcount
    if added:
        wake_worker("alert_assessments")


@transaction.atomic
def assess_due_batch() -> int:
    """The number of patients that were assessed. Rows that another worker has locked are left to it."""
    rows = TriageEntry.objects.due().select_for_update(skip_locked=True, no_key=True, of=("self",))
    entries = list(rows.select_related("patient__clinic")[:BATCH_SIZE])
    assess_entries(entries)
    return len(entries)


@transaction.atomic
def assess_patient(patient_id: uuid.UUID) -> TriageEntry:
    """At once, so that a page shows what has arrived."""
    entry = lock_entry(patient_id)
    assess_entries([entry])
    return entry


def assess_if_due(patient_id: uuid.UUID) -> TriageEntry:
    """Locked, with the alerts as the stored readings make them: a person's act follows what has arrived."""
    entry = lock_entry(patient_id)
    if entry.is_due:
        assess_entries([entry])
    return entry


def assess_all_due(patient_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, TriageEntry]:
    """As `assess_if_due`, of many patients who all have an entry."""
    rows = TriageEntry.objects.select_for_update(no_key=True, of=("self",)).select_related("patient__clinic")
    entries = list(rows.filter(pk__in=patient_ids).order_by("pk"))
    due = [entry for entry in entries if entry.is_due]
    for start in range(0, len(due), BATCH_SIZE):
        assess_entries(due[start : start + BATCH_SIZE])
    return {entry.pk: entry for entry in entries}


def time_of_act(entry: TriageEntry) -> dt.datetime:
    """Now, and not before what the patient's alerts are assessed with, if another machine's clock is ahead."""
    now = timezone.now()
    return max(now, min(entry.assessed_at or now, now + MAX_CLOCK_DIFFERENCE))


def lock_entry(patient_id: uuid.UUID) -> TriageEntry:
    """Its holder is the only writer of the patient's episodes and steps."""
    rows = TriageEntry.objects.select_for_update(no_key=True, of=("self",)).select_related("patient__clinic")
    entry = rows.filter(pk=patient_id).first()
    if entry is None:
        TriageEntry.objects.mark_due([patient_id])
        entry = rows.get(pk=patient_id)
    return entry


def assess_entries(entries: Sequence[TriageEntry]) -> None:
    """The caller has locked them. A patient that fails costs the others nothing, and is tried again later."""
    if not entries:
        return
    now = timezone.now()
    record_preset_changes(entries, now)
    found = stored_facts.load_facts([entry.patient for entry in entries], now)
    assessed = [assess_facts(entry, found[entry.pk], now) for entry in entries]
    try:
        with transaction.atomic():
            store(assessed)
    except DatabaseError as error:
        for entry in entries:
            entry.refresh_from_db(fields=list(ENTRY_COLUMNS))
            if len(entries) > 1:
                assess_entries([entry])
            else:
                record_failure(entry, error, now)
                store([Assessed(entry, EpisodeChanges(), has_changed=True)])


def record_preset_changes(entries: Sequence[TriageEntry], now: dt.datetime) -> None:
    """Presets of other conditions than at the last assessment judge what is measured from now on."""
    rows: list[PresetChange] = []
    fresh = [entry for entry in entries if entry.conditions != entry.patient.conditions]
    changed = [entry for entry in fresh if entry.conditions is not None]
    if not fresh:
        return
    patients = [entry.pk for entry in changed]
    known = set(PresetChange.objects.filter(patient__in=patients).values_list("patient_id", flat=True))
    for entry in changed:
        if entry.pk not in known:
            rows.append(PresetChange(patient=entry.patient, conditions=entry.conditions or []))
        rows.append(PresetChange(patient=entry.patient, conditions=entry.patient.conditions, at=now))
    PresetChange.objects.bulk_create(rows)
    for entry in fresh:
        entry.conditions = list(entry.patient.conditions)
    TriageEntry.objects.bulk_update(fresh, ["conditions"])


def assess_facts(entry: TriageEntry, found: PatientFacts, now: dt.datetime) -> Assessed:
    before, had_urgent = shown_columns(entry), bool(urgent_readings(entry))
    at, later = found.known_until(now)
    try:
        facts = found.build()
        evaluation = evaluate(facts, at)
        changes = compare_with_stored(entry, found, facts, evaluation)
    except Exception as error:  # noqa: BLE001 - whatever a row of one patient causes, the others are assessed
        record_failure(entry, error, now)
        return Assessed(entry, EpisodeChanges(), has_changed=shown_columns(entry) != before)
    update_entry(entry, evaluation, facts)
    entry.due_at = min(filter(None, [entry.due_at, later]), default=None)
    return Assessed(entry, changes, bool(changes) or shown_columns(entry) != before, had_urgent)


def compare_with_stored(
    entry: TriageEntry, found: PatientFacts, facts: Facts, evaluation: Evaluation
) -> EpisodeChanges:
    return episode_storage.compare_episodes(
        found.patient,
        found.episodes,
        evaluation.episodes,
        facts=facts,
        start=found.start,
        now=evaluation.as_of,
        is_first=entry.assessed_at is None,
    )


def update_entry(entry: TriageEntry, evaluation: Evaluation, facts: Facts) -> None:
    section = evaluation.patient_section
    entry.section = str(section or "")
    entry.rank = SECTIONS.index(section) if section else len(SECTIONS)
    shown = [episode for episode in evaluation.episodes if episode.section is section and section is not None]
    unacknowledged = [episode for episode in shown if not episode.is_acknowledged]
    taken = {reading.id: reading.received for reading in facts.readings}
    checks = {
        "this_reading": list(evaluation.check_this_reading),
        "at_once": list(evaluation.check_at_once),
        "beyond_meter": list(evaluation.beyond_meter),
        "arrived_late": list(evaluation.arrived_late),
    }
    names = {
        Section.CRITICAL: CRITICAL_CHECKS,
        Section.ARRIVED_LATE: ("arrived_late",),
        Section.CHECK: ("this_reading",),
    }
    to_check = [reading_id for name in names.get(section, ()) for reading_id in checks[name]] if section else []
    entry.checks = {name: ids for name, ids in checks.items() if ids}
    entry.is_unacknowledged = bool(unacknowledged or to_check)
    since = [episode.opened_at or episode.first_known_at for episode in unacknowledged or shown]
    entry.order_at = min([*since, *(taken[reading_id] for reading_id in to_check)], default=None)
    entry.due_at, entry.assessed_at = evaluation.next_change_at, evaluation.as_of
    entry.failures, entry.problem = 0, ""


def record_failure(entry: TriageEntry, error: Exception, now: dt.datetime) -> None:
    """Without the error's text, which may hold values of the patient."""
    entry.failures = min(entry.failures + 1, 1000)
    entry.problem = type(error).__name__
    entry.due_at = now + backoff(entry.failures, first_seconds=FIRST_BACKOFF_SECONDS, max_seconds=MAX_BACKOFF_SECONDS)
    logger.error("alerts of patient %s could not be assessed: %s", entry.pk, entry.problem)


def shown_columns(entry: TriageEntry) -> tuple[object, ...]:
    return entry.section, entry.is_unacknowledged, entry.order_at, entry.checks, entry.problem


def store(assessed: Sequence[Assessed]) -> None:
    changes = EpisodeChanges(
        [row for each in assessed for row in each.changes.created],
        [row for each in assessed for row in each.changes.changed],
    )
    changes.write()
    now = timezone.now()
    record_needed_notifications([*changes.created, *changes.changed], now)
    urgent = {each.entry.pk: urgent_readings(each.entry) for each in assessed}
    concerned = {each.entry.pk for each in assessed if each.had_urgent_readings or urgent[each.entry.pk]}
    if concerned:
        record_reading_notifications({pk: urgent[pk] for pk in concerned}, now)
    entries = [
        {"patient_id": each.entry.pk, **{name: getattr(each.entry, name) for name in ENTRY_COLUMNS}}
        for each in assessed
    ]
    with connection.cursor() as cursor:
        cursor.execute(STORE_ENTRIES_SQL, [msgspec.json.encode(entries).decode()])
    Patient.objects.touch_live_version(each.entry.pk for each in assessed if each.has_changed)
