"""Timeline events of alert episodes, what persons did with them, and reviews of the patient."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from django.urls import reverse

from measurements.alerts.engine.episodes import ClosedBy, State
from measurements.alerts.engine.facts import EventKind
from measurements.alerts.engine.rules import Severity
from measurements.alerts.models import AlertEpisode, AlertStep, PatientReview
from measurements.models import Metric
from measurements.reports.episode_words import (
    CLOSED_WORDS,
    TONES,
    describe_dissolved,
    describe_episode_rule,
    describe_worst,
)
from measurements.timeline.events import EventDetail, TimelineEvent, TimelineKind, TimelineScope
from patients.templatetags.time_display import PAPER_PATTERN, local_time
from patients.wording import count_noun

STEP_WORDS = {
    EventKind.ACKNOWLEDGE: "Acknowledged",
    EventKind.SNOOZE: "Snoozed",
    EventKind.ASSIGN: "Assigned",
    EventKind.UNASSIGN: "No longer assigned",
    EventKind.ESCALATE: "Escalated",
    EventKind.RESOLVE: "Resolved",
    EventKind.REOPEN: "Reopened",
}


def fetch_episode_events(scope: TimelineScope) -> Iterator[TimelineEvent]:
    """When each came into sight, and when it ended without a person: that is a step. Two queries."""
    of_patient = AlertEpisode.objects.filter(patient=scope.patient)
    known = scope.within("first_known_at") | scope.within("closed_at")
    metrics = Metric.objects.in_bulk()
    for episode in of_patient.filter(known):
        rule = describe_episode_rule(episode, metrics)
        if scope.includes(episode.first_known_at):
            yield build_opening(episode, rule, describe_worst(episode, metrics.get(episode.metric), scope.units))
        if scope.includes(episode.closed_at) and episode.closed_by not in ("", ClosedBy.PERSON):
            yield TimelineEvent(
                at=episode.closed_at or episode.last,
                kind=TimelineKind.ALERTS,
                title=f"{episode.severity.capitalize()} over: {rule}",
                details=(EventDetail(CLOSED_WORDS[ClosedBy(episode.closed_by)]),),
                url=reverse("triage:episode", args=[episode.pk]),
            )


def build_opening(episode: AlertEpisode, rule: str, worst: str) -> TimelineEvent:
    dissolved = episode.state == State.DISSOLVED
    words = [
        worst,
        f"fed by {count_noun(episode.count, 'reading')}" if episode.count else "",
        "arrived late" if episode.is_late else "",
        describe_dissolved(episode) if dissolved else "",
    ]
    return TimelineEvent(
        at=episode.first_known_at,
        kind=TimelineKind.ALERTS,
        title=f"{episode.severity.capitalize()}: {rule}",
        details=tuple(EventDetail(each) for each in words if each),
        tone="idle" if dissolved else TONES[Severity(episode.severity)],
        url=reverse("triage:episode", args=[episode.pk]),
        anchor=f"episode-{episode.pk}",
    )


def fetch_step_events(scope: TimelineScope) -> Iterator[TimelineEvent]:
    """Two queries."""
    steps = AlertStep.objects.filter(scope.within("at"), patient=scope.patient)
    metrics = Metric.objects.in_bulk()
    for step in steps.select_related("episode", "by", "to"):
        yield build_step_event(step, metrics, scope)


def build_step_event(step: AlertStep, metrics: Mapping[str, Metric], scope: TimelineScope) -> TimelineEvent:
    words = [
        step.get_outcome_display().lower() if step.outcome else "",
        f"to {step.to.name}" if step.to else "",
        f"until {local_time(step.until, PAPER_PATTERN, scope.patient.zone)}" if step.until else "",
        "until it gets worse" if step.until_worse else "",
    ]
    return TimelineEvent(
        at=step.at,
        kind=TimelineKind.ALERTS,
        title=f"{STEP_WORDS[EventKind(step.kind)]}: {describe_episode_rule(step.episode, metrics)}",
        details=tuple(EventDetail(each) for each in words if each),
        text=step.text,
        by=step.by_name,
        url=reverse("triage:episode", args=[step.episode_id]),
    )


def fetch_review_events(scope: TimelineScope) -> Iterator[TimelineEvent]:
    """One query. A review that was taken back is shown as such."""
    reviews = PatientReview.objects.filter(scope.within("at"), patient=scope.patient)
    for review in reviews.select_related("by", "undone_by"):
        last_day = review.at.astimezone(scope.patient.zone).date()
        words = []
        if first_day := review.first_day:
            words.append(f"looked at {first_day:%b} {first_day.day} to {last_day:%b} {last_day.day}")
        if review.undone_by:
            words.append(f"taken back by {review.undone_by.name}")
        yield TimelineEvent(
            at=review.at,
            kind=TimelineKind.REVIEWS,
            title="Reviewed",
            details=tuple(EventDetail(each) for each in words),
            by=review.by.name,
            anchor=f"review-{review.pk}",
        )
