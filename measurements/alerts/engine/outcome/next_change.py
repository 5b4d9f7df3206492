"""The first instant at which an evaluation changes by time alone, so that a sweep knows when a patient is due."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

from measurements.alerts.engine.episodes import Episode
from measurements.alerts.engine.facts import EventKind
from measurements.alerts.engine.history import RuleHistory
from measurements.alerts.engine.kinds.averages import OPENS_AGAIN_AFTER
from measurements.alerts.engine.known import Known
from measurements.alerts.engine.outcome.checks import SHOWN_FOR, Checks
from measurements.alerts.engine.rule_versions import RuleTimeline
from measurements.alerts.engine.rules import Kind
from measurements.local_days import ONE_DAY, local_midnight


def next_change_at(
    episodes: Sequence[Episode], histories: Sequence[RuleHistory], checks: Checks, known: Known
) -> dt.datetime | None:
    """None if nothing changes before a new fact is known."""
    ahead = [
        *changes_ahead(episodes, histories, known),
        *(reading.taken + SHOWN_FOR for reading in checks.this_reading),
    ]
    return min((at for at in ahead if at > known.at), default=None)


def changes_ahead(episodes: Sequence[Episode], histories: Sequence[RuleHistory], known: Known) -> Iterator[dt.datetime]:
    for episode in episodes:
        yield from (at for at in (episode.changes_at, episode.snoozed_until) if at)
        if episode.closed_at and episode.closed_by_person:
            yield episode.closed_at + OPENS_AGAIN_AFTER
    yield from (interval.end for interval in known.intervals if interval.end.year < dt.MAXYEAR)
    yield from (interval.start for interval in known.intervals)
    if any(event.kind == EventKind.REVIEW for event in known.events):
        zone = known.index.facts.clinic_zone
        yield local_midnight(known.at.astimezone(zone).date() + ONE_DAY, zone)
    for history in histories:
        if history.next_at:
            yield history.next_at
        if is_judged_at_midnight(history.timeline, known):
            yield known.index.end_of(known.index.day_of(known.at))


def is_judged_at_midnight(timeline: RuleTimeline, known: Known) -> bool:
    """Averages and trends, while their window holds a reading."""
    readings = known.trusted(timeline.metric)
    if not readings or not timeline.kinds & {Kind.AVERAGE, Kind.CHANGE}:
        return False
    days = max((version.rule.days for version in timeline.versions if version.rule), default=0)
    return known.index.day_of(readings[-1].taken) >= known.index.day_of(known.at) - ONE_DAY * (days + 1)
