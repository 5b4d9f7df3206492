"""Forecast of a window: whether 16 days can still be reached, and since when they can't."""

from __future__ import annotations

import datetime as dt

from measurements.billing.engine.days.windows import Window
from measurements.billing.engine.known import Known
from measurements.billing.engine.lines import Forecast
from measurements.local_days import ONE_DAY

FULL_DAYS = 16


def forecast_of(known: Known, window: Window) -> Forecast:
    today, measured = known.patient_today, len(window.days)
    horizon = min(window.last, window.segment.days.end or window.last)
    from_day = today if today not in window.days else today + ONE_DAY
    left = days_until(horizon, max(from_day, window.first))
    needs = max(FULL_DAYS - measured, 0)
    can_be_reached = needs <= left
    since = None if can_be_reached else out_of_reach_since(window, horizon)
    return Forecast(measured, left, needs, can_be_reached, since)


def out_of_reach_since(window: Window, horizon: dt.date) -> dt.date:
    """The first local date at whose beginning the days before it and all that were left made fewer than 16."""
    day = window.first
    while sum(found < day for found in window.days) + days_until(horizon, day) >= FULL_DAYS:
        day += ONE_DAY
    return day


def days_until(horizon: dt.date, first: dt.date) -> int:
    return max((horizon - first).days + 1, 0)
