import datetime as dt

import pytest
from django.utils import timezone

from patients.templatetags.time_display import age_element
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
