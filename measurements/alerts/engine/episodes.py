"""Alert episodes as the engine returns them: from the first reading that feeds a rule to its closing."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from measurements.alerts.engine.facts import Event, ReadingId
from measurements.alerts.engine.rules import Kind, Severity


class State(StrEnum):
    UNCONFIRMED = "unconfirmed"  # critical, in sight at once, waits for the next reading
    OPEN = "open"
    SNOOZED = "snoozed"
    CLOSED = "closed"
    DISSOLVED = "dissolved"  # dropped by the next reading, or all its readings were excluded: history only


class ClosedBy(StrEnum):
    READINGS = "readings"
    PERSON = "person"
    RULE = "rule"
    EXCLUSION = "exclusion"
    DISCHARGE = "discharge"


class Section(StrEnum):
    """Sections of the triage list, the most urgent first."""

    CRITICAL = "critical"
    WARNING = "warning"
    OVER_NOT_SEEN = "over_not_seen"
    ARRIVED_LATE = "arrived_late"
    CHECK = "check"
    NO_READINGS = "no_readings"
    EQUIPMENT = "equipment"
    INFORMATION = "information"
    SNOOZED = "snoozed"  # of a patient only, as the two that follow
    REVIEWED = "reviewed"
    ON_TARGET = "on_target"


class Reason(StrEnum):
    """Why an episode is as it is, where its state doesn't say it; a page has the words."""

    REPEAT_ASKED = "repeat_asked"
    NOT_CONFIRMED = "not_confirmed"
    NOT_REPEATED = "not_repeated"
    NOT_ENOUGH_READINGS = "not_enough_readings"
    MEASURED_ARRIVED_LATE = "measured_arrived_late"
    WAITS_FOR_NEW_SCALE = "waits_for_new_scale"
    BASELINE_OF_OPENING = "baseline_of_opening"


Values = tuple[float | None, float | None]


@dataclass(frozen=True)
class Episode:
    """One episode of a rule. Its identity is rule, metric and `first`.

    `first`, `last`: times taken of the first and last reading that feeds it. `opened_at`: time taken of the reading
    that completed the condition, or the local midnight (due upload) that did; None while unconfirmed. `detected_at`:
    when this was known; ages and response clocks run from it. `first_known_at`: when it came into sight, which of a
    critical reading is before it is confirmed. `value`: of an average both means, else those of the newest reading
    that feeds it. `gain`: of a change, below 0 for a loss. `n`, `days`: readings and local days behind `value`; of a
    silence, `days` without a reading. `peak`: the worst of each value so far. `baseline`: of a change, the one at its
    opening. `is_notified`, `is_notified_again`: whether a message was due. `reading_ids`: what feeds it, oldest
    first; `last_known_at`: when the newest was known. `reads_differently`: it is stored as it was although today's
    facts would give another; `differs_because` has why. `changes_at`: when it changes by time alone.
    """

    rule: str
    kind: Kind
    metric: str
    severity: Severity
    queue: str
    state: State
    first: dt.datetime
    last: dt.datetime
    detected_at: dt.datetime
    first_known_at: dt.datetime
    opened_at: dt.datetime | None = None
    peak: Values = (None, None)
    value: Values = (None, None)
    count: int = 0
    n: int = 0
    days: int = 0
    baseline: float | None = None
    gain: float | None = None
    closed_at: dt.datetime | None = None
    closed_by: ClosedBy | None = None
    closed_by_person: str = ""
    reason: Reason | None = None
    is_acknowledged: bool = False
    is_seen: bool = False
    is_late: bool = False
    section: Section | None = None
    is_notified: bool = False
    is_notified_again: bool = False
    notified_again_at: dt.datetime | None = None
    snoozed_until: dt.datetime | None = None
    assigned_to: str = ""
    reads_differently: bool = False
    differs_because: str = ""
    steps: tuple[Event, ...] = ()
    reading_ids: tuple[ReadingId, ...] = ()
    last_known_at: dt.datetime | None = None
    changes_at: dt.datetime | None = None

    @property
    def is_average(self) -> bool:
        return self.kind is Kind.AVERAGE

    @property
    def is_open(self) -> bool:
        return self.state in OPEN_STATES


OPEN_STATES = frozenset({State.UNCONFIRMED, State.OPEN, State.SNOOZED})


@dataclass(frozen=True)
class Evaluation:
    """Episodes of a patient at an instant, oldest first, with what is no episode but is shown.

    `check_at_once` and `beyond_meter` put the patient into the critical section, `arrived_late` has those of either
    that were learned of late. `next_change_at`: the first instant after `as_of` at which something changes without any
    new fact, None if nothing does.
    """

    as_of: dt.datetime
    episodes: tuple[Episode, ...] = ()
    check_this_reading: tuple[ReadingId, ...] = ()
    check_at_once: tuple[ReadingId, ...] = ()
    beyond_meter: tuple[ReadingId, ...] = ()
    arrived_late: tuple[ReadingId, ...] = ()
    patient_section: Section | None = Section.ON_TARGET
    next_change_at: dt.datetime | None = None
