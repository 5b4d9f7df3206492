"""Noon in New York on one day, and times before it."""

import datetime as dt
from zoneinfo import ZoneInfo

NEW_YORK = ZoneInfo("America/New_York")
NOW = dt.datetime(2026, 11, 21, 17, 0, tzinfo=dt.UTC)  # noon in New York


def time_days_ago(days_ago, hour=12):
    return dt.datetime(2026, 11, 21, hour + 5, tzinfo=dt.UTC) - dt.timedelta(days=days_ago)
