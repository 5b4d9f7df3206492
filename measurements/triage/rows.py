"""Rows of the triage list: why a patient is there, last values, trend with the episode, days measured, last review."""

from __future__ import annotations

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import OuterRef, Subquery
from django.urls import reverse

from devices.statuses import StatusText
from fulfillment.worklist.kinds import WorklistKind, kind_named
from fulfillment.worklist.models import WorklistItem
from measurements.alerts.engine.episodes import Section
from measurements.alerts.engine.outcome.patient_sections import SECTIONS
from measurements.alerts.engine.rules import SEVERITY_RANKS, Severity
from measurements.alerts.messages.listing import notices_of, notices_of_readings
from measurements.alerts.models import AlertEpisode, PatientReview
from measurements.alerts.reviews import SHOWN_DAYS
from measurements.alerts.steps import can_take_step
from measurements.local_days import LocalDays
from measurements.measured_days import MeasuredDays, count_measured_days
from measurements.models import Measurement, Metric, PatientSummary, TriageEntry
from measurements.patient_list import sparklines
from measurements.patient_list.rows import VITAL_COLUMN_LABELS
from measurements.patient_list.sparklines import Sparkline
from measurements.readings import latest_judged
from measurements.readings.latest_judged import EvaluatedLatestReading
from measurements.thresholds import evaluation
from measurements.thresholds.judgement import NO_THRESHOLDS, YES_NO_WORDS
from measurements.triage.episode_text import LISTED, EpisodeText, describe_episode
from measurements.triage.filters import RANKS, SECTION_LABELS
from measurements.units import DisplayUnits
from patients.lists.row_links import row_url
from patients.models import Patient, User

MAX_VALUES = 4
SUMMARY_FIELDS = ("measured_days_mask", "last_measured_on", "usual_weight")
CHECK_WORDS = {
    "at_once": "Check at once",
    "beyond_meter": "Beyond the meter, value not known",
    "arrived_late": "Arrived late, beyond the meter or a critical limit",
    "this_reading": "Check this reading",
}


@dataclass(frozen=True)
class CheckedReading:
    """A reading that a person is to check: what for, its text and when it was taken; `tone` is that of its section."""

    url: str
    words: str
    text: str
    unit_name: str
    taken_at: dt.datetime
    tone: str


@dataclass(frozen=True)
class EquipmentException:
    item: WorklistItem
    kind: WorklistKind
    text: StatusText


@dataclass(frozen=True)
class TriageRow:
    """One patient. `lead`: the episode that put the patient here, which the row's buttons and keys act on."""

    patient: Patient
    section: Section
    page_url: str
    preview_url: str
    lead: EpisodeText | None
    others: list[EpisodeText]
    checks: list[CheckedReading]
    equipment: list[EquipmentException]
    values: list[EvaluatedLatestReading]
    sparkline: Sparkline | None
    shade: str
    measured_days: MeasuredDays
    review: PatientReview | None
    can_act: bool
    notices: list[str]
    is_first_of_section: bool = False

    @property
    def section_label(self) -> str:
        return SECTION_LABELS[self.section]

    @property
    def is_reviewed_today(self) -> bool:
        return self.section is Section.REVIEWED and self.review is not None


@dataclass
class RowFacts:
    """What the rows show, by patient; read in a number of queries that doesn't grow with them."""

    user: User
    units: DisplayUnits
    now: dt.datetime
    episodes: dict[uuid.UUID, list[AlertEpisode]] = field(default_factory=lambda: defaultdict(list))
    leads: dict[uuid.UUID, AlertEpisode | None] = field(default_factory=dict)
    reviews: dict[uuid.UUID, PatientReview] = field(default_factory=dict)
    notices: dict[int, list[str]] = field(default_factory=dict)
    reading_notices: dict[uuid.UUID, list[str]] = field(default_factory=dict)
    exceptions: dict[uuid.UUID, list[EquipmentException]] = field(default_factory=lambda: defaultdict(list))
    readings: dict[int, Measurement] = field(default_factory=dict)
    newest: dict[uuid.UUID, list[EvaluatedLatestReading]] = field(default_factory=dict)
    summaries: dict[uuid.UUID, PatientSummary] = field(default_factory=dict)
    metrics: dict[str, Metric] = field(default_factory=dict)
    drawn: dict[uuid.UUID, Metric] = field(default_factory=dict)
    sparks: dict[uuid.UUID, Sparkline] = field(default_factory=dict)


def triage_rows_for(
    entries: Sequence[TriageEntry], *, user: User, units: DisplayUnits, now: dt.datetime
) -> list[TriageRow]:
    """Of entries with `shown_rank` and their patients, in the order of the list."""
    facts = RowFacts(user, units, now)
    load_episodes(facts, entries)
    load_exceptions(facts, [entry.pk for entry in entries])
    load_readings(facts, entries)
    rows: list[TriageRow] = []
    for entry in entries:
        section = SECTIONS[entry.shown_rank]  # type: ignore[attr-defined]  # an annotation
        is_first = not rows or rows[-1].section is not section
        rows.append(build_row(entry, section, facts, is_first_of_section=is_first))
    return rows


def build_row(entry: TriageEntry, section: Section, facts: RowFacts, *, is_first_of_section: bool) -> TriageRow:
    patient, lead, now = entry.patient, facts.leads[entry.pk], facts.now
    days = LocalDays.until(now, patient.zone, days=SHOWN_DAYS)
    summary = facts.summaries.get(entry.pk) or PatientSummary(patient=patient)
    texts = [
        describe_episode(episode, patient, facts.metrics, facts.units, now=now)
        for episode in facts.episodes.get(entry.pk, [])
    ]
    is_shaded = lead is not None and entry.pk in facts.sparks and facts.drawn[entry.pk].pk == lead.metric
    return TriageRow(
        patient=patient,
        section=section,
        page_url=row_url("patients:page", patient.pk),
        preview_url=row_url("patients:preview", patient.pk),
        lead=next((text for text in texts if text.episode is lead), None),
        others=[text for text in texts if text.episode is not lead],
        checks=describe_checks(entry, facts),
        equipment=facts.exceptions.get(entry.pk, []),
        values=choose_values(facts.newest.get(entry.pk, []), lead),
        sparkline=facts.sparks.get(entry.pk),
        shade=sparklines.shade_path(lead.first, lead.closed_at or now, now=now) if lead and is_shaded else "",
        measured_days=count_measured_days(patient, days, summary.measured_dates(days)),
        review=facts.reviews.get(patient.pk),
        can_act=lead is not None and can_take_step(lead, facts.user),
        notices=unique_notices(facts, entry),
        is_first_of_section=is_first_of_section,
    )


def unique_notices(facts: RowFacts, entry: TriageEntry) -> list[str]:
    episodes = facts.episodes.get(entry.pk, [])
    texts = [text for episode in episodes for text in facts.notices.get(episode.pk, ())]
    return list(dict.fromkeys([*texts, *facts.reading_notices.get(entry.pk, ())]))


def load_episodes(facts: RowFacts, entries: Sequence[TriageEntry]) -> None:
    """With the newest review of each patient and whom messages have reached; four queries."""
    patients = [entry.pk for entry in entries]
    shown = AlertEpisode.objects.filter(LISTED, patient__in=patients).select_related("assigned_to")
    for episode in sorted(shown, key=episode_order):
        facts.episodes[episode.patient_id].append(episode)
    facts.leads = {entry.pk: lead_episode(facts.episodes.get(entry.pk, []), entry) for entry in entries}
    facts.reviews = newest_reviews(patients)
    facts.notices = notices_of([episode for episodes in facts.episodes.values() for episode in episodes])
    facts.reading_notices = notices_of_readings(patients)


def newest_reviews(patients: Collection[uuid.UUID]) -> dict[uuid.UUID, PatientReview]:
    """By patient, of those that are not taken back. One step in the index for each patient, however many reviews."""
    own = PatientReview.objects.filter(patient=OuterRef("patient"), undone_at=None).order_by("-at", "-pk")
    newest = TriageEntry.objects.filter(patient__in=patients).order_by().values_list(Subquery(own.values("pk")[:1]))
    return {review.patient_id: review for review in PatientReview.objects.filter(pk__in=newest).select_related("by")}


def load_exceptions(facts: RowFacts, patients: Collection[uuid.UUID]) -> None:
    items = WorklistItem.objects.of_equipment().filter(patient__in=patients).select_related("owner")
    for item in items.order_by("rank", "since"):
        if item.patient_id is not None:
            kind = kind_named(item.kind)
            facts.exceptions[item.patient_id].append(EquipmentException(item, kind, kind.describe(item.facts)))


def load_readings(facts: RowFacts, entries: Sequence[TriageEntry]) -> None:
    """Latest readings, what is to be checked, days measured, and the trend of the metric concerned."""
    patients = [entry.patient for entry in entries]
    thresholds = evaluation.thresholds_for_many(patients)
    facts.newest = latest_judged.latest_readings_for_many(patients, thresholds=thresholds, units=facts.units)
    facts.summaries = PatientSummary.objects.only(*SUMMARY_FIELDS).in_bulk([patient.pk for patient in patients])
    facts.metrics = Metric.objects.in_bulk()
    asked = [reading_id for entry in entries for ids in entry.checks.values() for reading_id in ids]
    facts.readings = Measurement.objects.select_related("metric").in_bulk(asked)
    for patient in patients:
        lead, newest = facts.leads[patient.pk], facts.newest.get(patient.pk, [])
        if metric := drawn_metric(patient, lead, newest, facts.metrics):
            facts.drawn[patient.pk] = metric
    usual_weights = {pk: summary.usual_weight for pk, summary in facts.summaries.items()}
    facts.sparks = sparklines.draw_sparklines(
        facts.drawn, thresholds=thresholds, usual_weights=usual_weights, now=facts.now, units=facts.units
    )


def episode_order(episode: AlertEpisode) -> tuple[int, bool, int, dt.datetime]:
    """The worst section first, then unacknowledged ones, the most severe, the oldest."""
    rank = RANKS[Section(episode.section)] if episode.section else len(RANKS)
    since = episode.opened_at or episode.first_known_at
    return rank, episode.is_acknowledged, SEVERITY_RANKS[Severity(episode.severity)], since


def lead_episode(episodes: Sequence[AlertEpisode], entry: TriageEntry) -> AlertEpisode | None:
    """That of the patient's section; of a section of readings to check or of equipment there may be none."""
    if entry.section in (Section.CHECK, Section.EQUIPMENT):
        return None
    if entry.section in (Section.SNOOZED, Section.REVIEWED):
        return next(iter(episodes), None)
    return next((episode for episode in episodes if episode.section == entry.section), None)


def drawn_metric(
    patient: Patient,
    lead: AlertEpisode | None,
    newest: Iterable[EvaluatedLatestReading],
    metrics: Mapping[str, Metric],
) -> Metric | None:
    """The one that the episode is about, else that of the patient's condition."""
    if lead is not None and lead.metric in metrics and lead.metric not in YES_NO_WORDS:
        return metrics[lead.metric]
    return sparklines.choose_metric(patient, [row.metric for row in newest])


def choose_values(newest: Sequence[EvaluatedLatestReading], lead: AlertEpisode | None) -> list[EvaluatedLatestReading]:
    """The newest of the episode's metric first, then those of the patient list."""
    concerned = [row for row in newest if lead is not None and row.metric.pk == lead.metric]
    usual = [row for row in newest if row.metric.pk in VITAL_COLUMN_LABELS and row not in concerned]
    return [*concerned, *usual][:MAX_VALUES]


def describe_checks(entry: TriageEntry, facts: RowFacts) -> list[CheckedReading]:
    """Each once, by the most urgent of what it is to be checked for."""
    found, named = [], set[int]()
    for name, words in CHECK_WORDS.items():
        tone = "warn" if name == "this_reading" else "bad"
        readings = [facts.readings[pk] for pk in entry.checks.get(name, ()) if pk in facts.readings]
        for reading in (reading for reading in readings if reading.pk not in named):
            named.add(reading.pk)
            unit = facts.units.unit_for(reading.metric)
            judged = latest_judged.judge_reading(reading, NO_THRESHOLDS, unit)
            url = reverse("patients:reading", args=[entry.pk, reading.pk])
            unit_name = unit.name if judged.values else ""
            label = f"{words}: {reading.metric.label_in_sentence}"
            found.append(CheckedReading(url, label, judged.text, unit_name, reading.taken_at, tone))
    return found
