"""Facts that alert episodes are computed from: readings, rules, events, devices and periods of one patient.

All instants are aware (UTC), all values in the vendor's units. Lists may be in any order and may repeat a row.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from measurements.alerts.engine.rules import Goal, Rule

UTC_ZONE = ZoneInfo("UTC")
ReadingId = int | str
LATE_AFTER = dt.timedelta(hours=24)  # between taking a reading and learning of it


class Mark(StrEnum):
    """Quality marks of a reading; they are given, not judged again."""

    ESTIMATED = "estimated"
    CONFLICT = "conflict"
    IMPLAUSIBLE = "implausible"
    CONTROL = "control"
    DUPLICATE = "duplicate"
    AHEAD = "ahead"


UNTRUSTED_MARKS = frozenset({Mark.CONFLICT, Mark.IMPLAUSIBLE, Mark.CONTROL, Mark.DUPLICATE})


@dataclass(frozen=True, slots=True)
class Reading:
    """One value, or one pair of values, of a metric.

    `taken`: of a reading whose device clock is ahead, the corrected time. `received`: when this system learned of it.
    `beyond`: above or below, where the meter showed no value; both values are None then. `is_automatic`: transmitted by
    the device itself, not typed in.
    """

    id: ReadingId
    metric: str
    taken: dt.datetime
    received: dt.datetime
    value_1: float | None
    value_2: float | None = None
    index: int = 0
    device: str = ""
    marks: frozenset[Mark] = frozenset()
    beyond: str = ""
    is_automatic: bool = True

    @property
    def is_trusted(self) -> bool:
        """Unless a person excluded it: `Facts` doesn't know of a reading whether it is excluded, its events do."""
        return self.value_1 is not None and not (self.marks & UNTRUSTED_MARKS)

    @property
    def is_late(self) -> bool:
        return self.received - self.taken > LATE_AFTER

    @property
    def sort_key(self) -> tuple[Any, ...]:
        """Independent of the order of a list."""
        return self.taken, self.index, self.device, str(self.id)


class EventKind(StrEnum):
    ACKNOWLEDGE = "acknowledge"
    SNOOZE = "snooze"
    ASSIGN = "assign"
    UNASSIGN = "unassign"  # the person can't answer any more
    ESCALATE = "escalate"
    RESOLVE = "resolve"
    REOPEN = "reopen"
    REVIEW = "review"
    NOTE = "note"
    EXCLUDE = "exclude"
    UNDO_EXCLUSION = "undo_exclusion"
    GOAL = "goal"
    RULE = "rule"
    RULE_OFF = "rule_off"
    PAUSE = "pause"
    SWAP = "swap"
    DISCHARGE = "discharge"
    READMIT = "readmit"


# A person's steps on an episode; a review is one on the patient.
STEP_KINDS = frozenset(
    {
        EventKind.ACKNOWLEDGE,
        EventKind.SNOOZE,
        EventKind.ASSIGN,
        EventKind.UNASSIGN,
        EventKind.ESCALATE,
        EventKind.RESOLVE,
        EventKind.REOPEN,
        EventKind.NOTE,
    }
)


@dataclass(frozen=True)
class Event:
    """What a person did at an instant. `data` holds the keys of its kind, as `facts_file.EVENT_KEYS` lists them.

    `rule`: code of the rule that a step is about. `metric`: needed only where several episodes share a code (silence).
    """

    at: dt.datetime
    kind: EventKind
    by: str = ""
    rule: str = ""
    metric: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class MonitoringPeriod:
    """Local days, both ends included; `end` None while it is open."""

    start: dt.date
    end: dt.date | None = None


@dataclass(frozen=True)
class Device:
    """A device assigned to the patient. `start`, `end`: local days; `end` None while it is. `state`: `DeviceState`."""

    serial: str
    type: str = ""
    start: dt.date | None = None
    end: dt.date | None = None
    state: str = ""


@dataclass(frozen=True)
class Clinic:
    """`hours`: opening and closing of each period in minutes of the day, by weekday from 0 for Monday."""

    zone: ZoneInfo | None = None
    hours: Mapping[int, tuple[tuple[int, int], ...]] = field(default_factory=dict)
    holidays: frozenset[dt.date] = frozenset()


@dataclass(frozen=True)
class Facts:
    """What is known of one patient. Every field has the shipped default.

    `rules` None: the shipped rules of `conditions`; see `rules.shipped_rules`. `expected_metrics` None: those that the
    active devices have sent. `monitoring_periods` None: always monitored. `measuring_weeks`: first days of the weeks
    in which the patient was asked to measure (only for averages without the first day).
    """

    zone: ZoneInfo = UTC_ZONE
    clinic: Clinic = Clinic()
    goals: Mapping[str, Goal] = field(default_factory=dict)
    conditions: frozenset[str] = frozenset()
    rules: tuple[Rule, ...] | None = None
    devices: tuple[Device, ...] | None = None
    expected_metrics: frozenset[str] | None = None
    readings: tuple[Reading, ...] = ()
    monitoring_periods: tuple[MonitoringPeriod, ...] | None = None
    events: tuple[Event, ...] = ()
    measuring_weeks: frozenset[dt.date] = frozenset()
    day_weight_is_median: bool = False

    @cached_property
    def clinic_zone(self) -> ZoneInfo:
        return self.clinic.zone or self.zone
