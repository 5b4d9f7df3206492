import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from patients.templatetags.time_display import age_element, age_or_time
from patients.us_states import time_zone_label


@pytest.mark.parametrize(
    ("seconds", "plain", "with_ago"),
    [(5, ">now<", ">now<"), (240, ">4 min<", ">4 min ago<"), (5 * 3600, ">5 h<", ">5 h ago<")],
)
def test_age_tag_shows_elapsed_time_in_plain_words(seconds, plain, with_ago):
    time = timezone.now() - dt.timedelta(seconds=seconds)

    assert plain in age_element(time)
    assert with_ago in age_element(time, "ago")
    assert age_element(None, "ago") == "never"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("America/New_York", "Eastern Time (New York)"),
        ("America/Indiana/Indianapolis", "Eastern Time (Indianapolis)"),
        ("America/Phoenix", "Mountain Standard Time (Phoenix)"),
        ("Pacific/Honolulu", "Hawaii Standard Time (Honolulu)"),
        ("Asia/Shanghai", "Shanghai time"),  # CST too, and not Central
        ("America/Argentina/Buenos_Aires", "Buenos Aires time"),
        ("UTC", "UTC"),
    ],
)
def test_time_zone_name_uses_common_us_names(name, words):
    assert time_zone_label(name) == words


def test_age_carries_local_time_for_paper_where_a_zone_is_given():
    at, zone = dt.datetime(2026, 11, 1, 5, 30, tzinfo=dt.UTC), ZoneInfo("America/New_York")
    local = "Nov 1, 2026, 1:30 AM EDT (UTC-4)"

    assert f'data-at="{local}"' in age_element(at, "ago", zone)
    assert "data-at" not in age_element(at, "ago")
    assert age_or_time(at, zone, on_paper=True, suffix="ago") == local
    assert "data-age" in age_or_time(at, zone, on_paper=False)
