"""Readings that are no episode but are shown: to be checked, to be checked at once, and beyond the meter."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from measurements.alerts.engine.facts import EventKind, Mark, Reading
from measurements.alerts.engine.kinds.sittings import reading_values
from measurements.alerts.engine.known import Known
from measurements.alerts.engine.rule_versions import RuleTimeline
from measurements.alerts.engine.rules import Kind, Limit, Severity
from measurements.alerts.engine.shipped_rules import BLOOD_PRESSURE, GLUCOSE, SPO2

SHOWN_FOR = dt.timedelta(days=7)  # what is to be checked; at once and beyond the meter stay until reviewed
# Outside the instrument on the side that a critical limit fears: first value below, first value above.
DANGEROUS_BELOW = {SPO2: 50.0, GLUCOSE: 10.0}
DANGEROUS_ABOVE = {GLUCOSE: 700.0, BLOOD_PRESSURE: 300.0}


@dataclass
class Checks:
    this_reading: list[Reading] = field(default_factory=list)
    at_once: list[Reading] = field(default_factory=list)
    beyond_meter: list[Reading] = field(default_factory=list)
    arrived_late: list[Reading] = field(default_factory=list)  # at once or beyond the meter, but learned of late

    @property
    def is_critical(self) -> bool:
        return bool(self.at_once or self.beyond_meter)

    def known_since(self, at: dt.datetime) -> bool:
        rows = (self.this_reading, self.at_once, self.beyond_meter, self.arrived_late)
        return any(reading.received > at for found in rows for reading in found)


def find_checks(known: Known, timelines: Iterable[RuleTimeline]) -> Checks:
    """Of readings that no person has reviewed since they were known."""
    timelines = list(timelines)
    found = Checks()
    for metric in known.index.by_metric:
        readings = [reading for reading in known.counted(metric) if needs_check(reading) or reading.beyond]
        if readings:
            sort_readings(found, readings, timelines)
    reviews = [event.at for event in known.events if event.kind == EventKind.REVIEW]
    for name in ("this_reading", "at_once", "beyond_meter", "arrived_late"):
        rows = [reading for reading in getattr(found, name) if not any(at >= reading.received for at in reviews)]
        setattr(found, name, sorted(rows, key=lambda reading: reading.sort_key))
    found.this_reading = [r for r in found.this_reading if known.at - r.taken <= SHOWN_FOR]
    return found


def needs_check(reading: Reading) -> bool:
    return bool(reading.marks & {Mark.CONFLICT, Mark.IMPLAUSIBLE}) and Mark.CONTROL not in reading.marks


def sort_readings(found: Checks, readings: Sequence[Reading], timelines: Sequence[RuleTimeline]) -> None:
    conflicts: dict[tuple[object, ...], list[Reading]] = defaultdict(list)
    for reading in readings:
        if Mark.CONFLICT in reading.marks:
            conflicts[reading.device, reading.taken, reading.index].append(reading)
    for reading in readings:
        if reading.marks & {Mark.CONTROL, Mark.DUPLICATE}:
            continue
        limits = critical_limits(timelines, reading)
        others = conflicts.get((reading.device, reading.taken, reading.index), [reading])
        if reading.beyond:
            is_urgent = True
        elif Mark.CONFLICT in reading.marks:
            is_urgent = all(any(limit.is_crossed(reading_values(other)) for limit in limits) for other in others)
        else:
            is_urgent = is_dangerous(reading, limits)
        place_reading(found, reading, is_urgent=is_urgent)


def place_reading(found: Checks, reading: Reading, *, is_urgent: bool) -> None:
    """What was learned of late raises no alarm: it has arrived late."""
    if is_urgent and reading.is_late:
        if reading.received - reading.taken <= SHOWN_FOR:
            found.arrived_late.append(reading)
    elif is_urgent:
        (found.beyond_meter if reading.beyond else found.at_once).append(reading)
    if not reading.beyond and (not is_urgent or reading.is_late):
        found.this_reading.append(reading)


def critical_limits(timelines: Iterable[RuleTimeline], reading: Reading) -> list[Limit]:
    rules = [timeline.version_at(reading.taken).rule for timeline in timelines if timeline.metric == reading.metric]
    return [
        limit
        for rule in rules
        if rule and rule.severity is Severity.CRITICAL and rule.kind in (Kind.LIMIT, Kind.K_OF_N)
        for limit in rule.limits
    ]


def is_dangerous(reading: Reading, limits: Sequence[Limit]) -> bool:
    """An implausible value beyond a critical limit, on the side where the instrument ends dangerously."""
    value = reading.value_1
    if value is None:
        return False
    lowest, highest = DANGEROUS_BELOW.get(reading.metric), DANGEROUS_ABOVE.get(reading.metric)
    is_low = lowest is not None and value < lowest
    is_high = highest is not None and value > highest
    sides = [limit.relation.is_upper for limit in limits if limit.is_crossed((value, None))]
    return (is_low and False in sides) or (is_high and True in sides)
