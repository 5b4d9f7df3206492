"""Range status: how many readings of a range lie below and above the goal, and the worst status of its last days.

A mean in which lows and highs cancel decides nothing here: the tone of a count follows single readings.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol
from zoneinfo import ZoneInfo

from measurements.local_days import LocalDays
from measurements.thresholds.evaluation import (
    ABOVE_STATUSES,
    BELOW_STATUSES,
    FAR_OUT_STATUSES,
    URGENCY_RANKS,
    PatientThresholds,
    ThresholdStatus,
    range_name,
)
from measurements.units import Unit

RECENT_DAYS = 7  # local days that end with the newest reading of the range
# Its low values are counted first, whatever goal the meal of a reading has (ADA: below 70 low, below 54 very low).
LOWS_FIRST_METRIC = "glucose"
OLD_TONE = "idle"  # readings out of goal, but none in the last days


class EvaluatedReading(Protocol):
    """A trusted reading with the status of its values against the patient's goal."""

    @property
    def at(self) -> dt.datetime: ...
    @property
    def values(self) -> tuple[float, ...]: ...
    @property
    def threshold_status(self) -> ThresholdStatus: ...
    @property
    def opposite_status(self) -> ThresholdStatus: ...


@dataclass(frozen=True)
class SideCount:
    """Readings on one side of the goal: all, those far out, and the most urgent status of the last days."""

    count: int
    far_count: int
    recent_status: ThresholdStatus

    @property
    def tone(self) -> str:
        return self.recent_status.tone if self.recent_status.is_out_of_range else OLD_TONE


@dataclass(frozen=True)
class RangeCount:
    """One count in words, such as "8 of 30 above goal", for display in `tone`; one that `leads` precedes averages."""

    text: str
    tone: str
    is_below: bool
    leads: bool = False


@dataclass(frozen=True)
class LowValues:
    """Values below the general lower bound, whatever the meal; bounds in the vendor's unit."""

    side: SideCount
    low: float
    very_low: float | None

    def format_count(self, unit: Unit) -> str:
        """< 70: 8 (2 under 54)"""
        far = f" ({self.side.far_count} under {unit.format_bound(self.very_low or 0)})" if self.side.far_count else ""
        return f"< {unit.format_bound(self.low)}: {self.side.count}{far}"


@dataclass(frozen=True)
class RangeStatus:
    """Of the trusted readings of a range: `n`, those out of goal, and the counts on both sides of it.

    A blood pressure with one value above and the other below is in both counts. `range_name` is the goal's name.
    """

    n: int
    out_count: int
    below: SideCount
    above: SideCount
    low_values: LowValues | None = None
    range_name: str = range_name("")

    @property
    def worst(self) -> ThresholdStatus:
        """The most urgent status of the last days; `NOT_EVALUATED` if none is out of goal."""
        lows = [self.low_values.side.recent_status] if self.low_values else []
        return most_urgent([self.below.recent_status, self.above.recent_status, *lows])

    def format_counts(self, unit: Unit) -> list[RangeCount]:
        """In the order of display: low glucose first, then above and below goal; nothing for a side without any."""
        lows, found = self.low_values, []
        if lows and lows.side.count:
            found.append(RangeCount(lows.format_count(unit), lows.side.tone, is_below=True, leads=True))
        for side, name in ((self.above, "above"), (self.below, "below")):
            far = f" ({side.far_count} far {name})" if side.far_count else ""
            said = side is self.below and lows is not None and lows.side.count == side.count
            if side.count and not said:
                words = f"{side.count} of {self.n} {name} {self.range_name}{far}"
                found.append(RangeCount(words, side.tone, is_below=side is self.below))
        return found


def compute_range_status(
    metric: str, readings: Sequence[EvaluatedReading], *, thresholds: PatientThresholds, zone: ZoneInfo
) -> RangeStatus:
    """Of trusted readings in any order."""
    newest = max((reading.at for reading in readings), default=None)
    start = LocalDays.until(newest, zone, days=RECENT_DAYS).start if newest else None
    recent = [reading for reading in readings if start and reading.at >= start]
    statuses = Counter(reading.threshold_status for reading in readings)
    out_count = sum(count for status, count in statuses.items() if status.is_out_of_range)
    statuses.update(reading.opposite_status for reading in readings)
    recent_statuses = {status for each in recent for status in (each.threshold_status, each.opposite_status)}
    lows = None
    general = thresholds.find_threshold(metric)
    if metric == LOWS_FIRST_METRIC and general and general.low is not None:
        by_value = Counter(reading.values[0] for reading in readings)
        low_statuses: Counter[ThresholdStatus] = Counter()
        for value, count in by_value.items():
            low_statuses[general.evaluate(value)] += count
        recent_lows = {general.evaluate(value) for value in {reading.values[0] for reading in recent}}
        lows = LowValues(count_side(low_statuses, recent_lows, BELOW_STATUSES), general.low, general.very_low)
    return RangeStatus(
        n=len(readings),
        out_count=out_count,
        below=count_side(statuses, recent_statuses, BELOW_STATUSES),
        above=count_side(statuses, recent_statuses, ABOVE_STATUSES),
        low_values=lows,
        range_name=range_name(metric),
    )


def count_side(
    statuses: Counter[ThresholdStatus], recent: set[ThresholdStatus], side: frozenset[ThresholdStatus]
) -> SideCount:
    return SideCount(
        count=sum(statuses[status] for status in side),
        far_count=sum(statuses[status] for status in side & FAR_OUT_STATUSES),
        recent_status=most_urgent(recent & side),
    )


def most_urgent(statuses: Iterable[ThresholdStatus]) -> ThresholdStatus:
    return min(statuses, key=URGENCY_RANKS.__getitem__, default=ThresholdStatus.NOT_EVALUATED)
