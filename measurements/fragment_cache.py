"""Template fragment cache: fragments that a page repeats are rendered once per combination of values.

A list of fifty patients shows four hundred fragments; rendering each took half of the page's time. What identifies a
patient (name, address, age) is never cached: it is filled into slots.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from functools import lru_cache
from html import escape

from django.template.loader import render_to_string
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString

MAX_CACHED_FRAGMENTS = 8192  # some 3 MB
# Mark the name of a slot while a template is rendered. No cached value contains them: all are constants of the code.
SLOT_START, SLOT_END = "\x02", "\x03"


@lru_cache(MAX_CACHED_FRAGMENTS)
def render_cached(template: str, **values: Hashable) -> SafeString:
    """For templates whose output depends on `values` alone: not on the time, not on the user."""
    return SafeString(render_to_string(template, values).strip())


def render_cached_with_slots(template: str, slots: Mapping[str, str], **values: Hashable) -> SafeString:
    """Cached by `values`; `slots` are filled in, escaped as Django does.

    A template may only print a slot (`{{ name }}`): what a condition or a filter reads must be a value.
    """
    # Django's `conditional_escape` takes eight calls for each of the four thousand slots of a list.
    shown = {name: escape(value) if type(value) is str else conditional_escape(value) for name, value in slots.items()}
    return SafeString(cached_format_pattern(template, tuple(slots), **values).format_map(shown))


@lru_cache(MAX_CACHED_FRAGMENTS)
def cached_format_pattern(template: str, slots: tuple[str, ...], **values: Hashable) -> str:
    """A pattern for `str.format`."""
    marked = {name: SafeString(f"{SLOT_START}{name}{SLOT_END}") for name in slots}
    text = render_to_string(template, values | marked).strip()
    return text.replace("{", "{{").replace("}", "}}").replace(SLOT_START, "{").replace(SLOT_END, "}")
