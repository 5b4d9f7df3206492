"""Rules of quality flags and exclusion that decide what a reading is used for: as a Q, on an object and in SQL."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Q

if TYPE_CHECKING:
    from .measurement import Measurement


@dataclass(frozen=True)
class ReadingRule:
    """Holds for readings that are not excluded and have none of these boolean fields set.

    `needs_value`: and whose value is known, which one beyond the meter is not.
    """

    unset_flags: tuple[str, ...]
    needs_value: bool = False

    @property
    def condition(self) -> Q:
        value = {"value_1__isnull": False} if self.needs_value else {}
        return Q(excluded_at__isnull=True, **dict.fromkeys(self.unset_flags, False), **value)

    def holds_for(self, reading: Measurement) -> bool:
        if self.needs_value and reading.value_1 is None:
            return False
        return reading.excluded_at is None and not any(getattr(reading, flag) for flag in self.unset_flags)

    def sql(self, alias: str) -> str:
        """The condition on a row of `measurements_measurement` that a raw statement names `alias`."""
        value = [f"{alias}.value_1 IS NOT NULL"] if self.needs_value else []
        flags = (f"NOT {alias}.{flag}" for flag in self.unset_flags)
        return " AND ".join([f"{alias}.excluded_at IS NULL", *flags, *value])


INCLUDED = ReadingRule(("control",))  # may be a latest value
COUNTED = ReadingRule(("control", "duplicate"))  # charted, and makes its day a measured day
EVALUABLE = ReadingRule(("control", "conflict", "implausible"))  # compared with its threshold
CREDIBLE = ReadingRule(("control", "conflict", "implausible", "duplicate"))  # the newest one is the latest reading
TRUSTED = ReadingRule(CREDIBLE.unset_flags, needs_value=True)  # in averages

# Of a reading named `reading` that is `INCLUDED`: the vendor sends 1 for an irregular heartbeat; 0 is none.
IRREGULAR_HEARTBEAT_SQL = "(reading.metric_id = 'irregular_heartbeat' AND reading.value_1 <> 0)"
