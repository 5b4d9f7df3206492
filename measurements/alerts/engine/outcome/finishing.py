"""From draft to episode: state, section of the triage list and figures at an instant."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from measurements.alerts.engine.drafts import Draft
from measurements.alerts.engine.episodes import ClosedBy, Episode, Section, State, Values
from measurements.alerts.engine.known import Known
from measurements.alerts.engine.outcome.steps import Handling, is_over_not_seen, was_notified
from measurements.alerts.engine.rules import Kind, Queue, Severity

LATE_ROW_FOR = dt.timedelta(days=7)  # between taking a critical reading and learning of it
SECTION_OF_SEVERITY = {
    Severity.CRITICAL: Section.CRITICAL,
    Severity.WARNING: Section.WARNING,
    Severity.INFORMATION: Section.INFORMATION,
}


def finish_episode(draft: Draft, handling: Handling, known: Known, *, is_late_row: bool) -> Episode:
    state = draft.state
    if state in (State.OPEN, State.UNCONFIRMED) and handling.snooze:
        state = State.SNOOZED
    values, n, days = figures_of(draft, known)
    reading_ids = draft.reading_ids
    return Episode(
        rule=draft.rule.code,
        kind=draft.rule.kind,
        metric=draft.metric,
        severity=draft.rule.severity,
        queue=draft.rule.queue,
        state=state,
        first=draft.first_taken,
        last=draft.last_taken,
        opened_at=draft.opened_at,
        detected_at=draft.detected_at,
        first_known_at=draft.known_from,
        peak=draft.peak(),
        value=values,
        count=len(reading_ids) if draft.rule.kind is Kind.AVERAGE else len(draft.feeds),
        n=n,
        days=days,
        baseline=draft.baseline,
        gain=draft.feeds[-1].gain if draft.feeds else None,
        closed_at=draft.closed_at,
        closed_by=draft.closed_by,
        closed_by_person=draft.closed_by_person,
        reason=draft.reason,
        is_acknowledged=handling.is_acknowledged,
        is_seen=handling.is_seen,
        is_late=draft.is_late,
        section=section_of(draft, handling, state, known, is_late_row=is_late_row),
        is_notified=was_notified(draft, handling),
        is_notified_again=handling.notified_again_at is not None,
        notified_again_at=handling.notified_again_at,
        snoozed_until=handling.snooze.until if handling.snooze and state is State.SNOOZED else None,
        assigned_to=handling.assigned_to,
        reads_differently=draft.reads_differently,
        differs_because=draft.differs_because,
        steps=tuple(handling.steps),
        reading_ids=reading_ids,
        last_known_at=max((feed.known_at for feed in draft.feeds), default=None),
        changes_at=draft.changes_at if draft.is_open else None,
    )


def figures_of(draft: Draft, known: Known) -> tuple[Values, int, int]:
    """Value, number of readings and local days behind it."""
    if draft.current is not None:
        return draft.current
    if not draft.feeds:
        return (None, None), 0, 0
    newest = draft.feeds[-1]
    if draft.rule.kind is Kind.AVERAGE:
        return newest.values, newest.n, newest.days
    days = {known.index.day_of(feed.last) for feed in draft.feeds}
    return newest.values, len(draft.feeds), len(days)


def section_of(draft: Draft, handling: Handling, state: State, known: Known, *, is_late_row: bool) -> Section | None:
    if draft.closed_by in (ClosedBy.DISCHARGE, ClosedBy.PERSON, ClosedBy.EXCLUSION) or state is State.DISSOLVED:
        return None
    if not known.is_monitored(known.at) or state is State.SNOOZED:
        return None
    if draft.is_late:
        return Section.ARRIVED_LATE if is_late_row else None
    if state is State.CLOSED:
        return Section.OVER_NOT_SEEN if is_over_not_seen(draft, handling) else None
    if state is State.UNCONFIRMED and draft.rule.severity is not Severity.CRITICAL:
        return None
    if draft.rule.kind is Kind.SILENCE or draft.rule.queue is Queue.COMPLIANCE:
        return Section.NO_READINGS
    return SECTION_OF_SEVERITY[draft.rule.severity]


def late_row(rows: Sequence[tuple[Draft, Handling]]) -> Draft | None:
    """The one critical episode of a rule that is listed as arrived late: the newest unacknowledged one."""
    found = [
        draft
        for draft, handling in rows
        if draft.is_late
        and draft.state in (State.OPEN, State.UNCONFIRMED, State.CLOSED)
        and draft.rule.severity is Severity.CRITICAL
        and not handling.is_acknowledged
        and draft.detected_at - draft.last_taken <= LATE_ROW_FOR
    ]
    return found[-1] if found else None
