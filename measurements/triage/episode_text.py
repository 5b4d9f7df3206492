"""Texts of an alert episode for pages: name, why, severity, state, and how it ended."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Q

from measurements.alerts.engine.episodes import ClosedBy, Section, State
from measurements.alerts.engine.rules import SEVERITY_RANKS, Severity
from measurements.alerts.engine.shipped_rules import SPO2
from measurements.alerts.models import AlertEpisode
from measurements.alerts.models.episode import OPEN
from measurements.alerts.rule_texts import episode_label, explain_episode
from measurements.models import Metric
from measurements.units import DisplayUnits
from patients.models import Patient

LISTED = OPEN | ~Q(section="")  # episodes that a row of the triage list names
STATE_LABELS = {
    State.UNCONFIRMED: "Not confirmed yet",
    State.OPEN: "Open",
    State.SNOOZED: "Snoozed",
    State.CLOSED: "Over",
    State.DISSOLVED: "Dissolved",
}
SEVERITY_TONES = {Severity.CRITICAL: "bad", Severity.WARNING: "warn", Severity.INFORMATION: "info"}
CLOSED_BY_WORDS = {
    ClosedBy.READINGS: "closed by itself",
    ClosedBy.PERSON: "resolved",
    ClosedBy.RULE: "ended, because its rule was changed",
    ClosedBy.EXCLUSION: "ended, because its readings were excluded",
    ClosedBy.DISCHARGE: "ended by the discharge",
}
DIFFERS_WORDS = {
    "exclusion": "a reading was excluded since",
    "arrived_late": "readings arrived since",
    "facts_changed": "readings, rules or goals have changed since",
}
OXIMETER_WORDS = (
    "A pulse oximeter can read too high, more often in people with darker skin: judge with symptoms."  # clinical advice
)


@dataclass(frozen=True)
class EpisodeText:
    """`why`: "average 162/94 mmHg over 7 days, n 12, limit ≥ 135/85; 3rd day"."""

    episode: AlertEpisode
    patient: Patient
    title: str
    why: str

    @property
    def tone(self) -> str:
        return SEVERITY_TONES[Severity(self.episode.severity)]

    @property
    def severity_label(self) -> str:
        return str(self.episode.severity).capitalize()

    @property
    def state_label(self) -> str:
        if self.episode.section == Section.ARRIVED_LATE:
            return "Arrived late"
        return STATE_LABELS[State(self.episode.state)]

    @property
    def is_waiting(self) -> bool:
        """In a section, and no person has acknowledged it: its buttons ask for that."""
        return bool(self.episode.section) and not self.episode.is_acknowledged

    @property
    def oximeter_words(self) -> str:
        return OXIMETER_WORDS if self.episode.metric == SPO2 else ""

    @property
    def ending(self) -> str:
        """ "closed by itself", "resolved"; empty while it is open."""
        closed_by = self.episode.closed_by
        return CLOSED_BY_WORDS[ClosedBy(closed_by)] if closed_by else ""

    @property
    def differs_words(self) -> str:
        reason = self.episode.differs_because
        return DIFFERS_WORDS.get(reason, reason.replace("_", " "))


def alerts_of(patient: Patient, units: DisplayUnits, *, now: dt.datetime) -> list[EpisodeText]:
    """Those that a row of the triage list names, the most severe first; two queries."""
    found = AlertEpisode.objects.filter(LISTED, patient=patient).select_related("assigned_to")
    metrics = Metric.objects.in_bulk()
    ordered = sorted(found, key=lambda each: (SEVERITY_RANKS[Severity(each.severity)], each.first_known_at))
    return [describe_episode(episode, patient, metrics, units, now=now) for episode in ordered]


def describe_episode(
    episode: AlertEpisode, patient: Patient, metrics: Mapping[str, Metric], units: DisplayUnits, *, now: dt.datetime
) -> EpisodeText:
    """No query. `patient`: the one of the episode, with the clinic."""
    why = explain_episode(episode, metrics.get(episode.metric), units, zone=patient.zone, now=now)
    return EpisodeText(episode, patient, episode_label(episode), why)
