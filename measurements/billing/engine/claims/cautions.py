"""Cautions: what a person who approves a line should know although nothing of it refuses the line."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

from measurements.billing.engine.code_rules import Kind
from measurements.billing.engine.facts import Order
from measurements.billing.engine.known import Known
from measurements.billing.engine.lines import Caution, Line
from measurements.local_days import ONE_DAY

SOME_PAYERS_SETUP_DAYS = 16
MANY_UNITS = 3
TWELVE_MONTHS = 12


def cautions_of(known: Known, line: Line, order: Order | None, first_day: dt.date) -> Iterator[Caution]:
    today = known.patient_today if line.days or line.kind in (Kind.PERIOD, Kind.SETUP) else known.clinic_today
    if line.last < today <= line.last + ONE_DAY * known.settings.late_readings_days:
        yield Caution.LATE_READINGS
    if order and order.date > first_day:
        yield Caution.LATE_ORDER
    if known.facts.no_other_practice is None:
        yield Caution.NO_ATTESTATION
    if line.kind is Kind.SETUP and line.units and len(line.days) < SOME_PAYERS_SETUP_DAYS:
        yield Caution.SETUP_DAYS
    if line.units >= MANY_UNITS:
        yield Caution.MANY_UNITS
    if any(row.touches(line.first, line.last) for row in known.facts.apcm):
        yield Caution.APCM


def is_second_within_a_year(line: Line, earlier: Sequence[Line]) -> bool:
    return any(months_between(one.first, line.first) < TWELVE_MONTHS for one in earlier if one.units)


def months_between(first: dt.date, second: dt.date) -> int:
    """Whole ones."""
    months = (second.year - first.year) * 12 + second.month - first.month
    return months - 1 if second.day < first.day else months
