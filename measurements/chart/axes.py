"""Limits of the value axis of a chart: the same from day to day, and not from zero."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable

# metric: least lower limit, least upper limit, step; in the vendor's unit, and in another one where it has one
AXIS_RANGES: dict[str, tuple[float, float, float]] = {
    "blood_pressure": (50, 180, 10),
    "pulse": (40, 120, 10),
    "glucose": (50, 250, 10),
    "spO2": (84, 100, 2),
    "temperature": (96, 102, 1),
    "glucose mmol/L": (2, 14, 1),
    "temperature °C": (35.5, 39, 0.5),
}
MAX_UPPER_LIMITS = {"spO2": 100.0}
# half of the least span around the median, and the step
MEDIAN_HALF_RANGES = {
    "weight": (4.0, 2.0),
    "weight kg": (2.0, 1.0),
    "peak_expiratory_flow": (100.0, 50.0),
    "forced_expiratory_volume": (0.5, 0.5),
}
GENERIC_STEP_COUNT = 5


def axis_limits(code: str, values: Iterable[float], *, unit: str = "") -> tuple[float, float]:
    """Lower and upper limit around every value; they stay the same until a reading is outside.

    `values` are in `unit`, where that isn't the vendor's own.
    """
    values, name = list(values), f"{code} {unit}".strip()
    low, high, step = AXIS_RANGES.get(name) or range_around_median(name, values)
    if values:
        low = min(low, math.floor(min(values) / step) * step)
        high = max(high, math.ceil(max(values) / step) * step)
    return low, min(high, MAX_UPPER_LIMITS.get(code, high))


def range_around_median(name: str, values: list[float]) -> tuple[float, float, float]:
    middle = statistics.median(values) if values else 0.0
    half, step = MEDIAN_HALF_RANGES.get(name) or generic_half_range(values)
    return math.floor((middle - half) / step) * step, math.ceil((middle + half) / step) * step, step


def generic_half_range(values: list[float]) -> tuple[float, float]:
    """A tenth of the size of the values, rounded to 1, 2 or 5 of its decade."""
    size = max((abs(value) for value in values), default=0.0) / (2 * GENERIC_STEP_COUNT) or 1.0
    decade = 10 ** math.floor(math.log10(size))
    step = next((factor * decade for factor in (1, 2, 5) if factor * decade >= size), 10 * decade)
    return 2 * step, step
