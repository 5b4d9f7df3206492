"""Fragments of which a page shows dozens, rendered once by Django for all that are alike.

A list of fifty people shows four hundred of them: rendered each time, they took half of the page's time. What tells
people apart (a name, an address, an age) is never kept; it is filled in.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from functools import lru_cache

from django.template.loader import render_to_string
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString

MAX_CACHED_FRAGMENTS = 8192  # some 3 MB
# Around the name of a slot while a template is rendered. Values are ours alone, so that none of them holds either.
SLOT_START, SLOT_END = "\x02", "\x03"


@lru_cache(MAX_CACHED_FRAGMENTS)
def render_cached(template: str, **values: Hashable) -> SafeString:
    """The same values must always look the same: no clock, no person who looks."""
    return SafeString(render_to_string(template, values).strip())


def render_cached_with_slots(template: str, slots: Mapping[str, str], **values: Hashable) -> SafeString:
    """Kept by its values, with the slots filled in, escaped as Django would. Of a slot a template shows no more than
    `{{ name }}`: what is asked about, or goes through a filter, is a value.
    """
    shown = {name: conditional_escape(value) for name, value in slots.items()}
    return SafeString(cached_format_pattern(template, tuple(slots), **values).format_map(shown))


@lru_cache(MAX_CACHED_FRAGMENTS)
def cached_format_pattern(template: str, slots: tuple[str, ...], **values: Hashable) -> str:
    """As `str.format` takes it."""
    marked = {name: SafeString(f"{SLOT_START}{name}{SLOT_END}") for name in slots}
    text = render_to_string(template, values | marked).strip()
    return text.replace("{", "{{").replace("}", "}}").replace(SLOT_START, "{").replace(SLOT_END, "}")
