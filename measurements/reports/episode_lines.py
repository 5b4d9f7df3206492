"""Alert episodes of the days of a report with their outcomes, a line each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping

from django.db.models import Q

from measurements.alerts.engine.episodes import ClosedBy, State
from measurements.alerts.engine.facts import EventKind
from measurements.alerts.models import AlertEpisode, AlertStep
from measurements.local_days import LocalDays
from measurements.models import Metric
from measurements.reports.episode_words import (
    CLOSED_WORDS,
    STATE_WORDS,
    describe_dissolved,
    describe_episode_rule,
    describe_worst,
)
from measurements.units import DisplayUnits
from patients.models import Patient
from patients.templatetags.time_display import PAPER_PATTERN, local_time
from patients.wording import count_noun

MAX_EPISODES = 20  # some half a sheet


def fetch_episode_lines(patient: Patient, days: LocalDays, units: DisplayUnits) -> list[str]:
    """Of those that were known in these days, the newest first. Two queries."""
    known = AlertEpisode.objects.filter(patient=patient, first_known_at__lt=days.end)
    found = list(
        known.filter(Q(closed_at__isnull=True) | Q(closed_at__gte=days.start))
        .exclude(state=State.DISSOLVED, last__lt=days.start)
        .order_by("-first_known_at", "-pk")
    )
    shown = found[:MAX_EPISODES]
    steps: dict[int, list[AlertStep]] = {}
    for step in AlertStep.objects.filter(episode__in=shown).select_related("by").order_by("at", "pk"):
        steps.setdefault(step.episode_id, []).append(step)
    metrics = Metric.objects.in_bulk([episode.metric for episode in shown if episode.metric])
    lines = [describe_episode(each, steps.get(each.pk, []), metrics, patient, units) for each in shown]
    return lines + ([f"and {count_noun(len(found) - len(shown), 'older alert')}"] if len(found) > len(shown) else [])


def describe_episode(
    episode: AlertEpisode, steps: list[AlertStep], metrics: Mapping[str, Metric], patient: Patient, units: DisplayUnits
) -> str:
    """Critical, severe blood pressure: Nov 12, 2026, 7:03 AM; worst 192/118 mmHg; open."""
    metric = metrics.get(episode.metric)
    parts = [
        local_time(episode.opened_at or episode.first, PAPER_PATTERN, patient.zone),
        describe_worst(episode, metric, units),
        "arrived late" if episode.is_late else "",
        *describe_steps(steps, patient),
        describe_end(episode, steps, patient),
    ]
    about = f"{episode.severity.capitalize()}, {describe_episode_rule(episode, metrics)}"
    return f"{about}: {'; '.join(filter(None, parts))}"


def describe_steps(steps: list[AlertStep], patient: Patient) -> Iterator[str]:
    """The first acknowledgement."""
    first = next((step for step in steps if step.kind == EventKind.ACKNOWLEDGE), None)
    if first:
        yield f"acknowledged by {first.by_name} {format_clinic_time(first.at, patient)}"


def describe_end(episode: AlertEpisode, steps: list[AlertStep], patient: Patient) -> str:
    if episode.state == State.DISSOLVED:
        return describe_dissolved(episode)
    if episode.closed_at is None:
        return STATE_WORDS[State(episode.state)]
    words = f"{CLOSED_WORDS[ClosedBy(episode.closed_by)]} {format_clinic_time(episode.closed_at, patient)}"
    resolved = next((step for step in reversed(steps) if step.kind == EventKind.RESOLVE), None)
    if episode.closed_by != ClosedBy.PERSON or resolved is None:
        return words
    outcome = ", ".join(filter(None, (resolved.get_outcome_display().lower(), resolved.text)))
    return f"{words} by {resolved.by_name}: {outcome}"


def format_clinic_time(time: dt.datetime, patient: Patient) -> str:
    return local_time(time, PAPER_PATTERN, patient.clinic.zone)
