"""Alert rules as data: kind, limit with its relation, confirmation, closing, severity, queue, source and date."""

from __future__ import annotations

import datetime as dt
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property

from measurements.thresholds.evaluation import FLOAT_ERROR_PLACES


class Kind(StrEnum):
    LIMIT = "limit"
    K_OF_N = "k_of_n"
    AVERAGE = "average"
    CHANGE = "change"
    SILENCE = "silence"
    PATTERN = "pattern"


class Severity(StrEnum):
    CRITICAL = "critical"
    WARNING = "warning"
    INFORMATION = "information"

    @property
    def rank(self) -> int:
        """0 for the most severe."""
        return SEVERITY_RANKS[self]


SEVERITY_RANKS = {severity: rank for rank, severity in enumerate(Severity)}


class Queue(StrEnum):
    MEDICAL = "medical"
    COMPLIANCE = "compliance"


class Relation(StrEnum):
    ABOVE = "above"
    ABOVE_OR_EQUAL = "above_or_equal"
    BELOW = "below"
    BELOW_OR_EQUAL = "below_or_equal"

    @property
    def is_upper(self) -> bool:
        return self in (Relation.ABOVE, Relation.ABOVE_OR_EQUAL)

    def holds(self, value: float, bound: float) -> bool:
        return COMPARISONS[self](round(value, FLOAT_ERROR_PLACES), bound)


Compare = Callable[[float, float], bool]
Bound = tuple[int, Compare, float]
COMPARISONS: Mapping[Relation, Compare] = {
    Relation.ABOVE: operator.gt,
    Relation.ABOVE_OR_EQUAL: operator.ge,
    Relation.BELOW: operator.lt,
    Relation.BELOW_OR_EQUAL: operator.le,
}


@dataclass(frozen=True)
class Limit:
    """Crossed if either value is beyond its bound."""

    relation: Relation
    value_1: float | None = None
    value_2: float | None = None

    @cached_property
    def bounds(self) -> tuple[Bound, ...]:
        """Those that are stated: position of the value, comparison and bound."""
        bounds = enumerate((self.value_1, self.value_2))
        return tuple((position, COMPARISONS[self.relation], bound) for position, bound in bounds if bound is not None)

    def is_crossed(self, values: Sequence[float | None]) -> bool:
        return is_beyond_any(self.bounds, values)


def positions_beyond(bounds: Iterable[Bound], pairs: Sequence[Sequence[float | None]]) -> list[int]:
    """Of the pairs of values that are beyond any bound, in order: `is_beyond_any` of many at once."""
    found: set[int] = set()
    for position, compare, bound in bounds:
        column = [values[position] for values in pairs]
        found.update(
            n
            for n, value in enumerate(column)
            if value is not None and compare(round(value, FLOAT_ERROR_PLACES), bound)
        )
    return sorted(found)


def is_beyond_any(bounds: Iterable[Bound], values: Sequence[float | None]) -> bool:
    for position, compare, bound in bounds:
        value = values[position]
        if value is not None and compare(round(value, FLOAT_ERROR_PLACES), bound):
            return True
    return False


class ClosingKind(StrEnum):
    READINGS = "readings"  # n trusted readings in a row inside the limit
    AVERAGE = "average"  # under its limit at the end of so many local days in a row
    BASELINE = "baseline"  # within the limit of the frozen baseline on so many local days
    NONE = "none"  # nothing that feeds it for so many local days
    ANY = "any"  # any reading of the metric


@dataclass(frozen=True)
class Closing:
    kind: ClosingKind
    n: int = 2
    days: int = 2


@dataclass(frozen=True)
class Goal:
    """Bounds of a patient's goal: `from` and `to` include the bound, `below` and `above` don't."""

    value_1_from: float | None = None
    value_1_to: float | None = None
    value_1_below: float | None = None
    value_1_above: float | None = None
    value_2_from: float | None = None
    value_2_to: float | None = None
    value_2_below: float | None = None
    value_2_above: float | None = None


@dataclass(frozen=True)
class Rule:
    """One alert rule of a patient, as it results from patient, clinic and shipped default.

    `limits`: several are alternatives (below 80 or above 170). `confirm`: whether the next reading within
    `confirm_minutes` settles a critical one. `k`, `n`, `hours`: k of the last n sittings (n None: of all) in so many
    hours. `days`: of an average's window, or whole days of a silence; `least_days_a_week`: instead of them, days with
    readings in 7. `more_than`: a gain, below 0 a loss, `over` a
    "day", a "week" or the "usual" weight. `metric` empty: each expected metric (silence only). `name`: of a rule of a
    clinic's or patient's own, which has no shipped words.
    """

    code: str
    kind: Kind
    metric: str = ""
    severity: Severity = Severity.WARNING
    queue: Queue = Queue.MEDICAL
    limits: tuple[Limit, ...] = ()
    confirm: bool = False
    confirm_minutes: int = 60
    k: int = 1
    n: int | None = None
    hours: float | None = None
    days: int = 7
    least_readings: int = 12
    least_days: int = 3
    drop_first_day: bool = False
    more_than: float | None = None
    over: str = ""
    uploads_at: tuple[dt.time, ...] = ()
    closing: Closing | None = None
    source: str = ""
    source_date: dt.date | None = None
    name: str = ""
    least_days_a_week: int | None = None

    @cached_property
    def bounds(self) -> tuple[Bound, ...]:
        return tuple(bound for limit in self.limits for bound in limit.bounds)

    def is_crossed(self, values: Sequence[float | None]) -> bool:
        return is_beyond_any(self.bounds, values)
