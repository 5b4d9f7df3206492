"""Addresses of the rows of a list: `reverse` for each row took a tenth of a list's time."""

from __future__ import annotations

import uuid
from functools import cache

from django.urls import reverse

PLACEHOLDER_KEY = uuid.UUID(int=0)


def row_url(name: str, key: uuid.UUID) -> str:
    """As `reverse(name, args=[key])` of a route whose only argument is a UUID."""
    before, after = url_parts(name)
    return f"{before}{key}{after}"


@cache
def url_parts(name: str) -> tuple[str, str]:
    before, _, after = reverse(name, args=[PLACEHOLDER_KEY]).partition(str(PLACEHOLDER_KEY))
    return before, after
