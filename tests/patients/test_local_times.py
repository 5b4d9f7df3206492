"""Local times on pages: the hour that comes twice when clocks are set back is named with its offset."""

import datetime as dt
import re
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patients.templatetags.time_display import local_time
from tests.source_code import ROOT

MINUTE = dt.timedelta(minutes=1)


def instant(text):
    return dt.datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("zone", "at", "shown"),
    [
        ("America/New_York", "2026-11-01T05:30:00Z", "1:30 AM EDT (UTC-4)"),
        ("America/New_York", "2026-11-01T06:30:00Z", "1:30 AM EST (UTC-5)"),
        ("America/New_York", "2026-11-01T04:59:00Z", "12:59 AM"),
        ("America/New_York", "2026-11-01T07:00:00Z", "2:00 AM"),
        ("America/New_York", "2026-03-08T07:30:00Z", "3:30 AM"),
        ("Australia/Lord_Howe", "2026-04-04T14:45:00Z", "1:45 AM (UTC+11)"),
        ("Australia/Lord_Howe", "2026-04-04T15:15:00Z", "1:45 AM (UTC+10:30)"),
        ("America/Phoenix", "2026-11-01T08:30:00Z", "1:30 AM"),
        ("Pacific/Guam", "2026-11-01T08:30:00Z", "6:30 PM"),
    ],
)
def test_local_time_names_offset_of_hour_that_repeats(zone, at, shown):
    assert local_time(instant(at), "g:i A", ZoneInfo(zone)) == shown


@given(
    minutes=st.integers(0, 365 * 24 * 60),
    zone=st.sampled_from(
        ["America/New_York", "America/Boise", "Australia/Lord_Howe", "Europe/Dublin", "America/Phoenix"]
    ),
)
@settings(max_examples=60)
def test_local_time_differs_between_any_two_minutes_within_three_hours(minutes, zone):
    start = instant("2026-01-01T00:00:00Z") + minutes * MINUTE

    shown = [local_time(start + n * MINUTE, "Y-m-d H:i", ZoneInfo(zone)) for n in (0, 30, 60, 90, 120, 180)]

    assert len(set(shown)) == len(shown)


def test_local_time_without_zone_uses_that_of_the_page():
    assert local_time(instant("2026-11-01T12:00:00Z"), "M j, H:i") == "Nov 1, 12:00"
    assert local_time(None, "M j, H:i") == ""


READING_TIME = re.compile(r"\b(taken_at|received_at|stamped_at|\w+_reading_at|each\.at)\s*\|\s*(timezone|date|time)\b")


def test_templates_show_times_of_readings_by_local_time_only():
    found = [path.name for path in (ROOT / "templates").rglob("*.html") if READING_TIME.search(path.read_text())]

    assert found == []
