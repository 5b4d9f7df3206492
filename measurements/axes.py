"""Limits of a chart's value axis: stable from day to day, clinical, never from zero. Layout, not medicine."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable

# metric: least lower limit, least upper limit, step; in the vendor's unit
SPANS: dict[str, tuple[float, float, float]] = {
    "blood_pressure": (50, 180, 10),
    "pulse": (40, 120, 10),
    "glucose": (50, 250, 10),
    "spO2": (84, 100, 2),
    "temperature": (96, 102, 1),
}
HIGHEST = {"spO2": 100.0}
AROUND = {"weight": (4.0, 2.0)}  # half of the least span around the median, and the step
GENERIC_STEPS = 5


def limits(code: str, values: Iterable[float]) -> tuple[float, float]:
    """Lower and upper limit that hold every value; the same ones as long as no reading leaves them."""
    seen = list(values)
    low, high, step = SPANS.get(code) or _around(code, seen)
    low = min([low, *(math.floor(value / step) * step for value in seen)])
    high = max([high, *(math.ceil(value / step) * step for value in seen)])
    return low, min(high, HIGHEST.get(code, high))


def _around(code: str, seen: list[float]) -> tuple[float, float, float]:
    middle = statistics.median(seen) if seen else 0.0
    half, step = AROUND.get(code) or _generic(seen)
    return math.floor((middle - half) / step) * step, math.ceil((middle + half) / step) * step, step


def _generic(seen: list[float]) -> tuple[float, float]:
    """A tenth of the size of the values, rounded to 1, 2 or 5 of its decade."""
    size = max((abs(value) for value in seen), default=0.0) / (2 * GENERIC_STEPS) or 1.0
    decade = 10 ** math.floor(math.log10(size))
    step = next((factor * decade for factor in (1, 2, 5) if factor * decade >= size), 10 * decade)
    return 2 * step, step
