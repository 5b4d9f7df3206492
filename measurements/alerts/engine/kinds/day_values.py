"""The weight of each local day, by scale, that change rules judge."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from measurements.alerts.engine.facts import Event, EventKind, Reading
from measurements.alerts.engine.known import Known
from measurements.local_days import LocalDays
from measurements.weights.figures import earlier_weights, usual_weight, weights_by_day
from patients.models.clinic import DayWeight


@dataclass(frozen=True)
class DayValue:
    """Of a local day: the reading that is the day's weight, or the first of it where the median is."""

    day: dt.date
    reading: Reading
    value: float
    scale_since: dt.datetime | None  # a swap before it
    by_day: Mapping[dt.date, float]  # days on the same scale
    received: Mapping[dt.date, dt.datetime]  # of each of these days

    @cached_property
    def earlier(self) -> list[float]:
        """The weights of the 7 local days before."""
        return earlier_weights(self.by_day, today=self.day)

    @cached_property
    def usual(self) -> float | None:
        return usual_weight(self.by_day, today=self.day)


def day_values(known: Known, metric: str) -> list[DayValue]:
    """In order; computed once for all rules of the metric."""
    return known.remember(("day values", metric), lambda: DayValues(known, known.trusted(metric)).in_order())


def is_on_old_scale(reading: Reading, swap: Event) -> bool:
    """A reading that names no device is attributed by its time."""
    return reading.taken < swap.at or (bool(reading.device) and reading.device == swap.data.get("serial"))


def is_other_type(known: Known, serial: object) -> bool:
    """Whether the device is stated to be no scale."""
    types = [device.type.casefold() for device in known.index.facts.devices or () if device.serial == serial]
    return bool(types and types[0]) and not any(word in types[0] for word in ("scale", "weight"))


class DayValues:
    """The days' weights of a patient, by scale."""

    def __init__(self, known: Known, readings: Sequence[Reading]) -> None:
        self.known = known
        rule = DayWeight.MEDIAN if known.index.facts.day_weight_is_median else DayWeight.FIRST
        devices = {reading.device for reading in readings if reading.device}
        self.swaps = [
            event
            for event in known.events
            if event.kind == EventKind.SWAP
            and (not devices or {event.data.get("serial"), event.data.get("to")} & devices)
            and not is_other_type(known, event.data.get("serial"))
        ]
        self.groups: list[tuple[dt.datetime | None, Sequence[Reading]]] = [(None, readings)]
        for swap in self.swaps:
            since, last = self.groups.pop()
            self.groups.append((since, [reading for reading in last if is_on_old_scale(reading, swap)]))
            self.groups.append((swap.at, [reading for reading in last if not is_on_old_scale(reading, swap)]))
        self.rule = rule

    def in_order(self) -> list[DayValue]:
        found = [value for since, readings in self.groups if readings for value in self.of_scale(since, readings)]
        return sorted(found, key=lambda value: value.reading.taken)

    def of_scale(self, since: dt.datetime | None, readings: Sequence[Reading]) -> list[DayValue]:
        index = self.known.index
        days = LocalDays(index.zone, index.day_of(readings[0].taken), index.day_of(readings[-1].taken))
        weights = [(reading.taken, float(reading.value_1 or 0)) for reading in readings]
        by_day = weights_by_day(weights, days=days, rule=self.rule)
        first_of_day: dict[dt.date, Reading] = {}
        for reading in readings:
            first_of_day.setdefault(index.day_of(reading.taken), reading)
        received = {day: reading.received for day, reading in first_of_day.items()}
        return [DayValue(day, first_of_day[day], by_day[day], since, by_day, received) for day in sorted(by_day)]
