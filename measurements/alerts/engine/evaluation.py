"""`evaluate`: alert episodes of one patient as a pure function of facts and an instant."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence

from measurements.alerts.engine.drafts import Draft
from measurements.alerts.engine.episodes import Episode, Evaluation, State
from measurements.alerts.engine.facts import Facts
from measurements.alerts.engine.history import RuleHistory, rule_history
from measurements.alerts.engine.kinds.silence import silence_timelines
from measurements.alerts.engine.known import FactIndex, Known
from measurements.alerts.engine.outcome.checks import find_checks
from measurements.alerts.engine.outcome.finishing import finish_episode, late_row
from measurements.alerts.engine.outcome.next_change import next_change_at
from measurements.alerts.engine.outcome.patient_sections import patient_section
from measurements.alerts.engine.outcome.steps import Handling, handling_of
from measurements.alerts.engine.rule_versions import RuleTimeline, rule_timelines
from measurements.alerts.engine.rules import Kind


def evaluate(facts: Facts, as_of: dt.datetime, *, kinds: Collection[Kind] | None = None) -> Evaluation:
    """What is known at `as_of`: readings received and events until then, both included.

    `kinds`: only rules of these kinds, for a sweep of silences; the section of the patient is then of these only.
    The result depends on nothing else: not on the order of lists, on repeated rows, on the clock or on earlier calls.
    """
    known = Known(FactIndex(facts), as_of)
    timelines = [
        timeline for timeline in judged_timelines(facts, known) if kinds is None or timeline.kinds & set(kinds)
    ]
    histories = [rule_history(timeline, known) for timeline in timelines]
    episodes = finished_episodes(histories, known)
    checks = find_checks(known, timelines)
    return Evaluation(
        as_of=as_of,
        episodes=tuple(episodes),
        check_this_reading=tuple(reading.id for reading in checks.this_reading),
        check_at_once=tuple(reading.id for reading in checks.at_once),
        beyond_meter=tuple(reading.id for reading in checks.beyond_meter),
        arrived_late=tuple(reading.id for reading in checks.arrived_late),
        patient_section=patient_section(episodes, checks, known),
        next_change_at=next_change_at(episodes, histories, checks, known),
    )


def judged_timelines(facts: Facts, known: Known) -> list[RuleTimeline]:
    """The rules with their versions; a silence rule once for each metric that the patient is expected to measure."""
    found = []
    has_stated_equipment = facts.devices is not None or facts.expected_metrics is not None
    for timeline in rule_timelines(facts, known.events):
        if Kind.SILENCE not in timeline.kinds:
            found.append(timeline)
        elif has_stated_equipment or facts.rules is not None:
            found += silence_timelines(timeline, known)
    return [timeline for timeline in found if timeline.kinds]


def finished_episodes(histories: Sequence[RuleHistory], known: Known) -> list[Episode]:
    """The most severe rules first: that one of them opens makes the less severe ones worse."""
    opened: list[tuple[int, dt.datetime]] = []
    found: list[Episode] = []
    for history in sorted(histories, key=lambda history: severity_rank(history.drafts)):
        drafts, rows = history.drafts, []
        for position, draft in enumerate(drafts):
            following = next((other for other in drafts[position + 1 :] if other.state is not State.DISSOLVED), None)
            handling = handling_of(draft, following, known, more_severe_than(draft, opened))
            rows.append((draft, handling))
        found += finished_rows(rows, known)
        opened += [
            (draft.rule.severity.rank, draft.detected_at)
            for draft in drafts
            if draft.opened_at and not draft.is_late and draft.state is not State.DISSOLVED
        ]
    return sorted(found, key=lambda episode: (episode.first, episode.rule, episode.metric))


def finished_rows(rows: Sequence[tuple[Draft, Handling]], known: Known) -> list[Episode]:
    """Of one rule: however many of its episodes arrived late, the list has one row for them."""
    shown = late_row(rows)
    return [finish_episode(draft, handling, known, is_late_row=draft is shown) for draft, handling in rows]


def severity_rank(drafts: Sequence[Draft]) -> int:
    return min((draft.rule.severity.rank for draft in drafts), default=0)


def more_severe_than(draft: Draft, opened: Sequence[tuple[int, dt.datetime]]) -> list[dt.datetime]:
    return [at for rank, at in opened if rank < draft.rule.severity.rank]
