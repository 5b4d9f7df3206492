"""History of a rule: what a person resolved or closed long ago is fixed, what an exclusion emptied dissolved."""

from __future__ import annotations

import copy
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from measurements.alerts.engine.drafts import Draft
from measurements.alerts.engine.episodes import ClosedBy, State
from measurements.alerts.engine.facts import Event, EventKind
from measurements.alerts.engine.kinds.averages import Suppression, average_episodes
from measurements.alerts.engine.kinds.changes import change_episodes
from measurements.alerts.engine.kinds.reading_rules import reading_episodes
from measurements.alerts.engine.kinds.silence import SilenceRun
from measurements.alerts.engine.kinds.trends import trend_episodes
from measurements.alerts.engine.kinds.week_days import WeekDaysRun
from measurements.alerts.engine.known import END, Known
from measurements.alerts.engine.rule_versions import RuleTimeline
from measurements.alerts.engine.rules import Kind
from measurements.alerts.engine.shipped_rules import SPO2_TREND

FIXED_AFTER = dt.timedelta(days=7)  # since it closed by itself
SAME_BATCH = dt.timedelta(hours=1)


@dataclass(frozen=True)
class RuleHistory:
    """Episodes of one rule in time order; `next_at`: when a silence changes by time alone."""

    timeline: RuleTimeline
    drafts: list[Draft]
    next_at: dt.datetime | None = None


def rule_history(timeline: RuleTimeline, known: Known) -> RuleHistory:
    """Every episode of a rule as known, with what is history as it was."""
    history = segmented_history(timeline, known)
    drafts = history.drafts
    for instant, exclusion in checkpoints(timeline, known):
        earlier = segmented_history(timeline, known.earlier(instant, before=True)).drafts
        for draft in earlier:
            if is_fixed(draft, instant):
                drafts = with_fixed(drafts, draft, exclusion)
            elif exclusion and exclusion.data["reading"] in draft.reading_ids:
                drafts = with_dissolved(drafts, draft, exclusion)
    drafts = sorted(drafts, key=lambda draft: (draft.first_taken, draft.state is State.DISSOLVED))
    return RuleHistory(timeline, drafts, history.next_at)


def segmented_history(timeline: RuleTimeline, known: Known) -> RuleHistory:
    """From one resolution by a person to the next: what was found until then, by what was known then, stays so."""
    found: list[Draft] = []
    floor: dt.datetime | None = None
    suppression: Suppression | None = None
    for event in ending_events(timeline, known):
        segment = run_rule(timeline, known.earlier(event.at), floor, suppression).drafts
        last = segment[-1] if segment else None
        if last is None or not last.is_open or (event.kind == EventKind.ACKNOWLEDGE and not last.is_late):
            continue
        suppression = Suppression(event.at, last.peak())
        last.close(event.at, ClosedBy.PERSON, person=event.by)
        found += segment
        floor = event.at
    last_segment = run_rule(timeline, known, floor, suppression)
    return RuleHistory(timeline, found + last_segment.drafts, last_segment.next_at)


def ending_events(timeline: RuleTimeline, known: Known) -> list[Event]:
    """A person's resolutions, but those that were reopened; acknowledging ends an episode that arrived late."""
    steps = [
        event
        for event in known.events
        if event.rule == timeline.code
        and event.metric in ("", timeline.metric)
        and event.kind in (EventKind.RESOLVE, EventKind.REOPEN, EventKind.ACKNOWLEDGE)
    ]
    has_late = timeline.metric in known.index.metrics_with_late
    found: list[Event] = []
    for event in steps:
        if event.kind == EventKind.REOPEN:
            while found and found[-1].kind == EventKind.ACKNOWLEDGE:
                found.pop()
            if found:
                found.pop()
        elif event.kind == EventKind.RESOLVE or has_late:
            found.append(event)
    return found


def run_rule(
    timeline: RuleTimeline, known: Known, floor: dt.datetime | None, suppression: Suppression | None
) -> RuleHistory:
    if Kind.SILENCE in timeline.kinds:
        run = (WeekDaysRun if timeline.is_about_weeks else SilenceRun)(timeline, known, suppression)
        return RuleHistory(timeline, run.run(), run.next_at)
    if timeline.code == SPO2_TREND:
        return RuleHistory(timeline, trend_episodes(timeline, known, floor, suppression))
    if Kind.AVERAGE in timeline.kinds:
        return RuleHistory(timeline, average_episodes(timeline, known, floor, suppression))
    if Kind.CHANGE in timeline.kinds:
        return RuleHistory(timeline, change_episodes(timeline, known, floor, suppression))
    return RuleHistory(timeline, reading_episodes(timeline, known, floor))


def checkpoints(timeline: RuleTimeline, known: Known) -> list[tuple[dt.datetime, Event | None]]:
    """Instants just before which the history is read again: exclusions, and facts learned over 7 days late."""
    index = known.index
    found: list[tuple[dt.datetime, Event | None]] = []
    for event in known.events:
        if event.kind not in (EventKind.EXCLUDE, EventKind.UNDO_EXCLUSION):
            continue
        reading = index.by_id.get(event.data["reading"])
        if reading is None or reading.metric != timeline.metric:
            continue
        if event.kind == EventKind.EXCLUDE and known.is_excluded(reading):
            found.append((event.at, event))
        elif event.at - reading.taken > FIXED_AFTER:
            found.append((event.at, None))
    batch: dt.datetime | None = None
    for received in sorted(old_receipts(timeline, known)):
        if batch is None or received - batch > SAME_BATCH:
            batch = received
            found.append((batch, None))
    return sorted(found, key=lambda checkpoint: checkpoint[0])


def old_receipts(timeline: RuleTimeline, known: Known) -> list[dt.datetime]:
    """When readings were received over 7 days after they were taken."""
    if timeline.metric not in known.index.metrics_with_late:
        return []
    readings = known.index.by_metric.get(timeline.metric, ())
    return [r.received for r in readings if r.received - r.taken > FIXED_AFTER and known.includes(r.received)]


def is_fixed(draft: Draft, at: dt.datetime) -> bool:
    """A person resolved it, or it closed by itself more than 7 days before."""
    if draft.closed_at is None:
        return False
    return draft.closed_by is ClosedBy.PERSON or at - draft.closed_at > FIXED_AFTER


def overlaps(draft: Draft, other: Draft) -> bool:
    """Fed by a common reading; averages and silences, which share readings or have none, by their time."""
    if draft.rule.kind not in (Kind.AVERAGE, Kind.SILENCE):
        return bool(set(draft.reading_ids) & set(other.reading_ids))
    starts = [one.opened_at or one.detected_at for one in (draft, other)]
    ends = [one.closed_at or END for one in (draft, other)]
    return max(starts) < min(ends)


def with_fixed(drafts: Sequence[Draft], fixed: Draft, exclusion: Event | None) -> list[Draft]:
    """The episode as it was, instead of what today's facts would give."""
    same = [draft for draft in drafts if overlaps(draft, fixed)]
    if len(same) == 1 and fingerprint(same[0]) == fingerprint(fixed):
        return list(drafts)
    fixed.reads_differently = True
    fixed.differs_because = "exclusion" if exclusion else "arrived_late"
    return [draft for draft in drafts if draft not in same] + [fixed]


def fingerprint(draft: Draft) -> tuple[object, ...]:
    """What makes two computations of an episode equal."""
    return (
        *(draft.first_taken, draft.opened_at, draft.last_taken, len(draft.feeds), draft.peak()),
        *(draft.closed_at, draft.closed_by),
    )


def with_dissolved(drafts: list[Draft], emptied: Draft, exclusion: Event) -> list[Draft]:
    """History only, if no reading of it feeds an episode any more."""
    if emptied.state is State.DISSOLVED or any(overlaps(draft, emptied) for draft in drafts):
        return drafts
    dissolved = copy.copy(emptied)
    dissolved.close(exclusion.at, ClosedBy.EXCLUSION, person=exclusion.by)
    dissolved.state, dissolved.reason = State.DISSOLVED, None
    return [*drafts, dissolved]
