import datetime as dt

import pytest
from django.utils import timezone

from patients.templatetags.time_display import aged
from patients.us_states import zone_in_words


@pytest.mark.parametrize(
    ("seconds", "plain", "with_ago"),
    [(5, ">now<", ">now<"), (240, ">4 min<", ">4 min ago<"), (5 * 3600, ">5 h<", ">5 h ago<")],
)
def test_an_age_is_said_as_people_say_it(seconds, plain, with_ago):
    moment = timezone.now() - dt.timedelta(seconds=seconds)

    assert plain in aged(moment)
    assert with_ago in aged(moment, "ago")
    assert aged(None, "ago") == "never"


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
def test_a_zone_is_called_as_people_call_it(name, words):
    assert zone_in_words(name) == words
