import datetime as dt

import pytest
from django.utils import timezone

from patients.templatetags.times import aged


@pytest.mark.parametrize(
    ("seconds", "plain", "with_ago"),
    [(5, ">now<", ">now<"), (240, ">4 min<", ">4 min ago<"), (5 * 3600, ">5 h<", ">5 h ago<")],
)
def test_an_age_is_said_as_people_say_it(seconds, plain, with_ago):
    moment = timezone.now() - dt.timedelta(seconds=seconds)

    assert plain in aged(moment)
    assert with_ago in aged(moment, "ago")
    assert aged(None, "ago") == "never"
