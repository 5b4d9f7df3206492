"""Sittings: readings of one metric within 10 minutes, judged by their mean, for SpO2 by the highest."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from measurements.alerts.engine.episodes import Values
from measurements.alerts.engine.facts import Reading
from measurements.alerts.engine.shipped_rules import SPO2
from measurements.models.metric import METRICS_OF_ONE_VALUE

ONE_VALUE = frozenset(METRICS_OF_ONE_VALUE)
SITTING_LENGTH = dt.timedelta(minutes=10)


def reading_values(reading: Reading) -> Values:
    """Without a second value that is a filler or a deviation."""
    return reading.value_1, None if reading.metric in ONE_VALUE else reading.value_2


def mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return math.fsum(known) / len(known) if known else None


@dataclass(eq=False, slots=True)
class Sitting:
    """Readings in the order they were taken, never empty, and what they are judged by. `first`, `last`: times taken."""

    readings: tuple[Reading, ...]
    first: dt.datetime
    last: dt.datetime
    values: Values

    @property
    def is_flagged(self) -> bool:
        """Of a yes/no metric: any reading says yes."""
        return any(reading.value_1 for reading in self.readings)

    def completing_reading(self, is_crossed: Callable[[Values], bool]) -> Reading:
        """The first reading with which the sitting, as it was by then, is judged as the whole is."""
        ends = range(1, len(self.readings) + 1)
        found = (self.readings[end - 1] for end in ends if is_crossed(judged_values(self.readings[:end])))
        return next(found, self.readings[-1])


def sitting_of(*readings: Reading) -> Sitting:
    return Sitting(readings, readings[0].taken, readings[-1].taken, judged_values(readings))


def judged_values(readings: Sequence[Reading]) -> Values:
    if len(readings) == 1:
        return reading_values(readings[0])
    pairs = [reading_values(reading) for reading in readings]
    if readings[0].metric == SPO2:
        return max((first for first, _ in pairs if first is not None), default=None), None
    return mean(first for first, _ in pairs), mean(second for _, second in pairs)


def group_sittings(readings: Iterable[Reading]) -> list[Sitting]:
    """A sitting ends 10 minutes after its first reading."""
    groups: list[list[Reading]] = []
    for reading in readings:
        if groups and reading.taken - groups[-1][0].taken <= SITTING_LENGTH:
            groups[-1].append(reading)
        else:
            groups.append([reading])
    return [sitting_of(*group) for group in groups]


def single_sittings(readings: Iterable[Reading]) -> list[Sitting]:
    """Each reading by itself, for rules on one reading."""
    return [sitting_of(reading) for reading in readings]
