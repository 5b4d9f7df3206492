"""Fragments that are kept as they were rendered hold nothing but what they were given."""

import re

import pytest

from config import settings
from measurements.fragment_cache import filled, kept

PATIENTS = settings.BASE_DIR / "templates" / "patients"
WITH_SLOTS = ("_cell.html", "_row.html", "_table_cell.html", "_table_row.html")
BY_VALUES = ("_held.html", "_measured.html", "_no_cell.html", *WITH_SLOTS)


def test_what_is_given_is_escaped_and_told_apart():
    one = kept("patients/_held.html", connected=0, under_way=(("shipped", "<b>Cuff</b>", "Shipped"),))
    two = kept("patients/_held.html", connected=2, under_way=())

    assert "&lt;b&gt;Cuff" in one
    assert "<b>" not in one
    assert "2 connected" in two
    assert kept("patients/_held.html", connected=2, under_way=()) is two


def test_what_is_filled_in_is_escaped_and_never_read_as_a_slot():
    def row(name):
        slots = dict.fromkeys(slots_of("_row.html"), "") | {"name": name}
        return filled("patients/_row.html", slots, drawn=True, discharged=False)

    assert ">&lt;b&gt;{about} {0} {{ &quot;x&quot;</a>" in row('<b>{about} {0} {{ "x"')
    assert ">Rosa</a>" in row("Rosa")
    assert "\x02" not in row("Rosa")


def slots_of(name):
    needs = (PATIENTS / name).read_text().partition("#}")[0]
    return re.findall(r"\w+", re.sub(r"\([^)]*\)", "", needs.partition("slots:")[2]))


@pytest.mark.parametrize("name", WITH_SLOTS)
def test_a_slot_is_shown_as_it_is_and_asked_nothing(name):
    """It is not there yet when the template is rendered."""
    rest = (PATIENTS / name).read_text().partition("#}")[2]
    slots = slots_of(name)

    assert slots
    for slot in slots:
        assert f"{{{{ {slot} }}}}" in rest
        assert not re.search(rf"{{%[^%]*\b{slot}\b|\b{slot}[|.]", rest)


@pytest.mark.parametrize("name", BY_VALUES)
def test_a_kept_fragment_asks_for_nothing_else(name):
    """No clock, no address, no person: whoever asks next gets the same one."""
    needs, _, rest = (PATIENTS / name).read_text().partition("#}")

    assert not re.search(r"{%\s*(now|url|csrf_token|include|aged)|user|request|timezone|\|age\b", rest)
    for variable in re.findall(r"{{\s*(\w+)|{%\s*(?:if|elif|for \S+ in)\s+(?:not\s+)?(\w+)", rest):
        asked = next(filter(None, variable))
        assert asked in needs or re.search(rf"for [^%]*\b{asked}\b[^%]* in", rest)


def test_every_kept_fragment_is_looked_at():
    used = set()
    for path in settings.BASE_DIR.glob("*/templatetags/*.py"):
        used |= set(re.findall(r'(?:kept|filled)\(\s*"patients/(\w+\.html)"', path.read_text()))

    assert used == set(BY_VALUES)
