"""Trusted readings of one metric as known at an instant, with what every rule of the metric asks of them."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import cached_property
from itertools import accumulate, pairwise

from measurements.alerts.engine.episodes import Values
from measurements.alerts.engine.facts import Reading, ReadingId
from measurements.alerts.engine.kinds.sittings import Sitting, group_sittings, mean, reading_values, single_sittings
from measurements.alerts.engine.rules import Goal


class Series:
    """In time order, never changed. Figures are of the readings from one position to another, the latter excluded."""

    def __init__(self, readings: Sequence[Reading], days: Sequence[dt.date]) -> None:
        self.readings, self.days = readings, days
        self.taken = [reading.taken for reading in readings]
        self._means: dict[tuple[int, int], Values] = {}
        self._goal: Goal | None = None
        self._in_range: list[int] = []  # readings before each position that are inside that goal

    @cached_property
    def received(self) -> list[dt.datetime]:
        return [reading.received for reading in self.readings]

    @cached_property
    def last_received(self) -> list[dt.datetime]:
        """The newest receipt until each position, that included."""
        return list(accumulate(self.received, max))

    @cached_property
    def ids(self) -> tuple[ReadingId, ...]:
        return tuple(reading.id for reading in self.readings)

    @cached_property
    def values(self) -> list[Values]:
        return [reading_values(reading) for reading in self.readings]

    @cached_property
    def columns(self) -> tuple[list[float | None], list[float | None]]:
        """First and second values; none where no reading has a second one."""
        first, second = [one for one, _ in self.values], [two for _, two in self.values]
        return first, second if any(two is not None for two in second) else []

    @cached_property
    def day_counts(self) -> list[int]:
        """Local days with readings before each position."""
        changes = (day != before for before, day in pairwise([None, *self.days]))
        return [0, *accumulate(changes)]

    @cached_property
    def sittings(self) -> list[Sitting]:
        return group_sittings(self.readings)

    @cached_property
    def single_sittings(self) -> list[Sitting]:
        return single_sittings(self.readings)

    def days_between(self, start: int, end: int) -> int:
        return max(0, self.day_counts[end] - self.day_counts[start])

    def position_after(self, at: dt.datetime) -> int:
        """Of the first reading that was taken after an instant."""
        return bisect_right(self.taken, at)

    def position_of_day(self, day: dt.date) -> int:
        """Of the first reading of a local day or of a later one."""
        return bisect_left(self.days, day)

    def means(self, start: int, end: int) -> Values:
        """Of each value, unrounded."""
        found = self._means.get((start, end))
        if found is None:
            first, second = (mean(column[start:end]) if column else None for column in self.columns)
            found = self._means[start, end] = (first, second)
        return found

    def share_in_range(self, goal: Goal, start: int, end: int) -> Values:
        """In percent."""
        if start >= end:
            return None, None
        if goal is not self._goal:
            self._goal, self._in_range = goal, [0, *accumulate(is_in_range(one, goal) for one, _ in self.values)]
        counts = self._in_range
        return 100.0 * (counts[end] - counts[start]) / (end - start), None


def is_in_range(value: float | None, goal: Goal) -> bool:
    if value is None:
        return False
    return not (
        (goal.value_1_from is not None and value < goal.value_1_from)
        or (goal.value_1_above is not None and value <= goal.value_1_above)
        or (goal.value_1_to is not None and value > goal.value_1_to)
        or (goal.value_1_below is not None and value >= goal.value_1_below)
    )
