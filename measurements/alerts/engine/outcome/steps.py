"""Persons' steps on a draft: acknowledged, snoozed, assigned, seen, worse since, and whether a message was due."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from measurements.alerts.engine.drafts import Draft, Feed
from measurements.alerts.engine.episodes import ClosedBy, State, Values
from measurements.alerts.engine.facts import STEP_KINDS, Event, EventKind
from measurements.alerts.engine.known import Known
from measurements.alerts.engine.rules import Severity
from measurements.alerts.engine.worsening import is_worse

LONGEST_CRITICAL_SNOOZE = dt.timedelta(hours=24)
SEEING_KINDS = frozenset({EventKind.ACKNOWLEDGE, EventKind.SNOOZE, EventKind.ASSIGN, EventKind.RESOLVE})


@dataclass
class Snooze:
    since: dt.datetime
    until: dt.datetime | None
    ends_when_worse: bool
    step: float | None
    peak: Values


@dataclass
class Handling:
    """What persons have done with an episode until an instant."""

    steps: list[Event] = field(default_factory=list)
    is_acknowledged: bool = False
    is_seen: bool = False
    assigned_to: str = ""
    snooze: Snooze | None = None
    acknowledged_peak: Values | None = None
    worse_from: dt.datetime | None = None  # readings known after it are compared
    notified_again_at: dt.datetime | None = None


def steps_on(draft: Draft, following: Draft | None, known: Known) -> list[Event]:
    """Reviews, and steps on the rule while this was its newest known episode; acknowledging sees earlier ones too."""
    end = following.known_from if following else None
    found = []
    for event in known.events:
        if event.at < draft.known_from:
            continue
        is_own = event.kind in STEP_KINDS and event.rule == draft.rule.code and event.metric in ("", draft.metric)
        is_in_time = end is None or event.at < end or event.kind == EventKind.ACKNOWLEDGE
        if event.kind == EventKind.REVIEW or (is_own and is_in_time):
            found.append(event)
    return found


def handling_of(draft: Draft, following: Draft | None, known: Known, more_severe: Sequence[dt.datetime]) -> Handling:
    """`following`: the next episode of the rule. `more_severe`: when more severe rules opened for the patient."""
    steps = steps_on(draft, following, known)
    handling = Handling()
    if not steps:
        return handling  # nothing that news could end
    following_at = following.known_from if following else None
    points: list[tuple[dt.datetime, int, Event | Feed | None]] = [(event.at, 1, event) for event in steps]
    points += [(max(feed.known_at, draft.known_from), 0, feed) for feed in draft.feeds]
    points += [(at, 0, None) for at in more_severe if at > draft.known_from]
    for at, _, what in sorted(points, key=lambda point: point[:2]):
        if isinstance(what, Event):
            if not (following_at and at >= following_at and handling.is_seen):
                apply_step(handling, draft, what)
        elif draft.known_closed_at is None or at <= draft.known_closed_at:
            apply_news(handling, draft, what, at)
    end_snooze_by_time(handling, known.at)
    return handling


def apply_step(handling: Handling, draft: Draft, event: Event) -> None:
    end_snooze_by_time(handling, event.at)
    if event.kind == EventKind.REVIEW:
        handling.is_seen = handling.is_seen or not is_review_refused(handling, draft, event.at)
        return
    if event.kind == EventKind.SNOOZE and not is_valid_snooze(draft, event):
        return
    handling.steps.append(event)
    if event.kind in SEEING_KINDS:
        handling.is_seen = True
    if event.kind == EventKind.ACKNOWLEDGE:
        handling.is_acknowledged = True
        handling.acknowledged_peak = draft.peak(event.at)
    elif event.kind == EventKind.SNOOZE:
        handling.snooze = snooze_of(draft, event)
    elif event.kind in (EventKind.ASSIGN, EventKind.UNASSIGN):
        handling.assigned_to = assignee_of(event)
    elif event.kind in (EventKind.RESOLVE, EventKind.REOPEN):
        handling.snooze = None


def assignee_of(event: Event) -> str:
    if event.kind == EventKind.UNASSIGN:
        return ""
    return str(event.data.get("to") or event.data.get("assignee") or event.by)


def is_review_refused(handling: Handling, draft: Draft, at: dt.datetime) -> bool:
    """While a critical one is open that was neither acknowledged nor snoozed."""
    is_over = draft.known_closed_at is not None and draft.known_closed_at <= at
    is_critical = draft.rule.severity is Severity.CRITICAL
    return is_critical and not is_over and not handling.is_acknowledged and handling.snooze is None


def is_valid_snooze(draft: Draft, event: Event) -> bool:
    """Not into the past; of a critical one only with a reason."""
    until = event.data.get("until")
    if until is not None and until <= event.at:
        return False
    return draft.rule.severity is not Severity.CRITICAL or bool(str(event.data.get("reason") or "").strip())


def snooze_of(draft: Draft, event: Event) -> Snooze:
    until, step = event.data.get("until"), event.data.get("worse_by")
    is_critical = draft.rule.severity is Severity.CRITICAL
    ends_when_worse = is_critical or step is not None or until is None
    if is_critical:
        latest = event.at + LONGEST_CRITICAL_SNOOZE
        until = latest if until is None else min(until, latest)
    return Snooze(event.at, until, ends_when_worse, step, draft.peak(event.at))


def end_snooze_by_time(handling: Handling, at: dt.datetime) -> None:
    if handling.snooze and handling.snooze.until is not None and handling.snooze.until <= at:
        handling.snooze = None


def apply_news(handling: Handling, draft: Draft, feed: Feed | None, at: dt.datetime) -> None:
    """A reading that is worse than it was, or a more severe rule that opened (None)."""
    end_snooze_by_time(handling, at)
    snooze, peak = handling.snooze, handling.acknowledged_peak
    if snooze and snooze.ends_when_worse and is_worse_news(draft, feed, snooze.peak, snooze.step):
        handling.snooze, handling.notified_again_at = None, at
    if handling.is_acknowledged and peak and is_worse_news(draft, feed, peak, None):
        handling.is_acknowledged = False
        handling.acknowledged_peak = None
        handling.notified_again_at = at


def is_worse_news(draft: Draft, feed: Feed | None, peak: Values, step: float | None) -> bool:
    return feed is None or is_worse(draft.rule, feed.values, peak, step)


def is_over_not_seen(draft: Draft, handling: Handling) -> bool:
    """Critical, over without a person's doing, and not seen since it opened."""
    return (
        draft.rule.severity is Severity.CRITICAL
        and draft.state is State.CLOSED
        and draft.closed_by in (ClosedBy.READINGS, ClosedBy.RULE)
        and not handling.is_seen
    )


def was_notified(draft: Draft, handling: Handling) -> bool:
    """Whether a message was due: opened, not late, and neither over nor acknowledged when that was known."""
    if draft.is_notified_at_once:
        return True
    if draft.is_late or draft.opened_at is None or draft.state is State.UNCONFIRMED:
        return False
    is_over = draft.known_closed_at is not None and draft.known_closed_at < draft.detected_at
    was_acknowledged = any(
        step.kind in (EventKind.ACKNOWLEDGE, EventKind.SNOOZE) and step.at < draft.detected_at
        for step in handling.steps
    )
    return not is_over and not was_acknowledged
