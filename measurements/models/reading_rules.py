"""Rules of quality flags and exclusion that decide what a reading is used for: as a Q, on an object and in SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Q

if TYPE_CHECKING:
    from .measurement import Measurement


@dataclass(frozen=True)
class ReadingRule:
    """Holds for readings that are not excluded and have none of these boolean fields set."""

    unset_flags: tuple[str, ...]

    @property
    def condition(self) -> Q:
        return Q(excluded_at__isnull=True, **dict.fromkeys(self.unset_flags, False))

    def holds_for(self, reading: Measurement) -> bool:
        return reading.excluded_at is None and not any(getattr(reading, flag) for flag in self.unset_flags)

    def sql(self, alias: str) -> str:
        """The condition on a row of `measurements_measurement` that a raw statement names `alias`."""
        return " AND ".join([f"{alias}.excluded_at IS NULL", *(f"NOT {alias}.{flag}" for flag in self.unset_flags)])


INCLUDED = ReadingRule(("control",))  # may be a latest value
COUNTED = ReadingRule(("control", "duplicate"))  # charted, and makes its day a measured day
EVALUABLE = ReadingRule(("control", "conflict", "implausible"))  # compared with its threshold
TRUSTED = ReadingRule(("control", "conflict", "implausible", "duplicate"))  # in averages

# Of a reading named `reading` that is `INCLUDED`: the vendor sends 1 for an irregular heartbeat; 0 is none.
IRREGULAR_HEARTBEAT_SQL = "(reading.metric_id = 'irregular_heartbeat' AND reading.value_1 <> 0)"
