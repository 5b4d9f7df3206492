"""Fragments that are kept as they were rendered hold nothing but what they were given."""

import re

import pytest

from config import settings
from patients.fragments import kept

BY_VALUES = ("_judged.html", "_measured.html", "_held.html")


def test_what_is_given_is_escaped_and_told_apart():
    one = kept("patients/_held.html", connected=0, under_way=(("shipped", "<b>Cuff</b>", "Shipped"),))
    two = kept("patients/_held.html", connected=2, under_way=())

    assert "&lt;b&gt;Cuff" in one
    assert "<b>" not in one
    assert "2 connected" in two
    assert kept("patients/_held.html", connected=2, under_way=()) is two


@pytest.mark.parametrize("name", BY_VALUES)
def test_a_kept_fragment_asks_for_nothing_else(name):
    """No clock, no address, no person: whoever asks next gets the same one."""
    text = (settings.BASE_DIR / "templates" / "patients" / name).read_text()
    needs, _, rest = text.partition("#}")

    assert not re.search(r"{%\s*(now|url|csrf_token|include|aged)|user|request|timezone|\|age\b", rest)
    for variable in re.findall(r"{{\s*(\w+)|{%\s*(?:if|elif|for \S+ in)\s+(?:not\s+)?(\w+)", rest):
        asked = next(filter(None, variable))
        assert asked in needs or re.search(rf"for [^%]*\b{asked}\b[^%]* in", rest)


def test_every_kept_fragment_is_looked_at():
    used = set()
    for path in settings.BASE_DIR.glob("*/templatetags/*.py"):
        used |= set(re.findall(r'kept\(\s*"patients/(\w+\.html)"', path.read_text()))

    assert used == set(BY_VALUES)
