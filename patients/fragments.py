"""Fragments that follow from few values, kept as they were rendered.

A list of fifty people shows four hundred of them, of which nearly all are alike: rendered each time, they took half of
the page's time. What tells people apart (a name, an address, an age) is never part of one.
"""

from __future__ import annotations

from collections.abc import Hashable
from functools import lru_cache

from django.template.loader import render_to_string
from django.utils.safestring import SafeString

MOST = 8192  # some 3 MB


@lru_cache(MOST)
def kept(template: str, **values: Hashable) -> SafeString:
    """The same values must always look the same: no clock, no person who looks."""
    return SafeString(render_to_string(template, values).strip())
