"""Fragment cache: cached fragments contain only the values and slots that they were given."""

import re

import pytest

from config import settings
from measurements.fragment_cache import render_cached, render_cached_with_slots

TEMPLATES = settings.BASE_DIR / "templates"
WITH_SLOTS = (
    "alerts/_checked_reading.html",
    "alerts/_episode_line.html",
    "alerts/_equipment_exception.html",
    "alerts/_last_value.html",
    "alerts/_triage_acts.html",
    "alerts/_triage_row.html",
    "measurements/_latest_reading_cell.html",
    "measurements/_patient_row.html",
    "measurements/_reading_table_cell.html",
    "measurements/_reading_table_row.html",
    "measurements/_weekly_average.html",
)
BY_VALUES = (
    "fulfillment/_equipment_summary.html",
    "measurements/_days_measured.html",
    "measurements/_empty_cell.html",
    *WITH_SLOTS,
)


def test_cached_fragment_escapes_values_and_is_cached_per_arguments():
    one = render_cached(
        "fulfillment/_equipment_summary.html", connected=0, under_way=(("shipped", "<b>Cuff</b>", "Shipped"),)
    )
    two = render_cached("fulfillment/_equipment_summary.html", connected=2, under_way=())

    assert "&lt;b&gt;Cuff" in one
    assert "<b>" not in one
    assert "2 connected" in two
    assert render_cached("fulfillment/_equipment_summary.html", connected=2, under_way=()) is two


def test_cached_fragment_slot_values_are_escaped_and_not_parsed_as_slots():
    def row(name):
        slots = dict.fromkeys(slot_names("measurements/_patient_row.html"), "") | {"name": name}
        return render_cached_with_slots("measurements/_patient_row.html", slots, drawn=True, discharged=False)

    assert ">&lt;b&gt;{about} {0} {{ &quot;x&quot;</a>" in row('<b>{about} {0} {{ "x"')
    assert ">Rosa</a>" in row("Rosa")
    assert "\x02" not in row("Rosa")


def needs_and_markup(name):
    """What the comments at its beginning declare, and the template below them."""
    text = (TEMPLATES / name).read_text()
    head = re.match(r"(?:{#.*?#}\s*)+", text)[0]
    return head.replace("#}", "").replace("{#", ""), text[len(head) :]


def slot_names(name):
    needs, _ = needs_and_markup(name)
    return re.findall(r"\w+", re.sub(r"\([^)]*\)", "", needs.partition("slots:")[2].partition(". ")[0]))


@pytest.mark.parametrize("name", WITH_SLOTS)
def test_cached_fragment_slots_are_printed_without_filters_or_conditions(name):
    """It is not there yet when the template is rendered."""
    slots, (_, rest) = slot_names(name), needs_and_markup(name)

    assert slots
    for slot in slots:
        assert f"{{{{ {slot} }}}}" in rest
        assert not re.search(rf"{{%[^%]*\b{slot}\b|\b{slot}[|.]", rest)


@pytest.mark.parametrize("name", BY_VALUES)
def test_cached_fragment_templates_use_only_declared_variables(name):
    """No time, URL or user: the cached text is the same for every request."""
    needs, rest = needs_and_markup(name)

    assert not re.search(r"{%\s*(now|url|csrf_token|include|age_element)|user|request|timezone|\|format_age\b", rest)
    for variable in re.findall(r"{{\s*(\w+)|{%\s*(?:if|elif|for \S+ in)\s+(?:not\s+)?(\w+)", rest):
        asked = next(filter(None, variable))
        assert asked in needs or re.search(rf"for [^%]*\b{asked}\b[^%]* in", rest)


def test_cached_fragment_tests_cover_every_cached_template():
    used = set()
    for path in settings.BASE_DIR.glob("*/templatetags/*.py"):
        used |= set(re.findall(r'(?:render_cached|render_cached_with_slots)\(\s*"(\w+/\w+\.html)"', path.read_text()))

    assert used == set(BY_VALUES)
