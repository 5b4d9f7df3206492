"""The one section of the triage list that a patient is in: the worst of episodes and readings to check."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from measurements.alerts.engine.episodes import Episode, Section, State
from measurements.alerts.engine.facts import EventKind
from measurements.alerts.engine.known import Known
from measurements.alerts.engine.outcome.checks import Checks
from measurements.alerts.engine.rules import Severity

SECTIONS = tuple(Section)
DELIVERED = "delivered"


def patient_section(episodes: Sequence[Episode], checks: Checks, known: Known) -> Section | None:
    """None outside monitoring."""
    if not known.is_monitored(known.at):
        return None
    reviewed_at = last_review(episodes, known)
    if reviewed_at and not is_anything_new(episodes, checks, reviewed_at):
        return Section.REVIEWED
    found = {episode.section for episode in episodes if episode.section}
    if checks.is_critical:
        found.add(Section.CRITICAL)
    if checks.arrived_late:
        found.add(Section.ARRIVED_LATE)
    if checks.this_reading:
        found.add(Section.CHECK)
    if has_unused_device(known):
        found.add(Section.EQUIPMENT)
    if any(episode.state is State.SNOOZED for episode in episodes):
        found.add(Section.SNOOZED)
    return min(found, key=SECTIONS.index, default=Section.ON_TARGET)


def last_review(episodes: Sequence[Episode], known: Known) -> dt.datetime | None:
    """Today's by the clinic's day; a review was refused while a critical episode was open and not acknowledged."""
    zone = known.index.facts.clinic_zone
    today = known.at.astimezone(zone).date()
    found = [
        event.at
        for event in known.events
        if event.kind == EventKind.REVIEW
        and event.at.astimezone(zone).date() == today
        and not any(was_unacknowledged(episode, event.at) for episode in episodes)
    ]
    return max(found, default=None)


def was_unacknowledged(episode: Episode, at: dt.datetime) -> bool:
    """Critical, open at the instant, and neither acknowledged nor snoozed by then."""
    if episode.severity is not Severity.CRITICAL or episode.is_late or episode.detected_at > at:
        return False
    if episode.state is State.DISSOLVED or (episode.closed_at is not None and episode.closed_at <= at):
        return False
    seen = (EventKind.ACKNOWLEDGE, EventKind.SNOOZE)
    return not any(step.kind in seen and step.at <= at for step in episode.steps)


def is_anything_new(episodes: Sequence[Episode], checks: Checks, since: dt.datetime) -> bool:
    """A new episode, a reading that feeds one, one that got worse, or a reading to check.

    Every reading feeds an average: of one, new is that it opened or got worse.
    """
    return checks.known_since(since) or any(
        at is not None and at > since
        for episode in episodes
        if episode.section is not None
        for at in (
            episode.detected_at,
            episode.notified_again_at,
            None if episode.is_average else episode.last_known_at,
        )
    )


def has_unused_device(known: Known) -> bool:
    """Delivered and never connected."""
    facts = known.index.facts
    used = {reading.device for reading in known.index.readings if known.includes(reading.received)}
    return any(device.state == DELIVERED and device.serial not in used for device in facts.devices or ())
