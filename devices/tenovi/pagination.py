"""Pagination of the vendor's lists. A list that may be incomplete is an error and never an empty list."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from .errors import Unclear

logger = logging.getLogger(__name__)

PAGE_SIZE = 1000
MAX_PAGES = 500
# Since 2026-05-05 a list without pages is silently cut at 1,000 rows (their pagination page).
FLAT_LIST_MAX_ROWS = 1000


@dataclass(frozen=True)
class Page:
    """Rows exactly as sent, not yet validated. `count` is the vendor's total of all pages."""

    number: int
    items: list[Any] = field(repr=False)
    count: int | None
    is_last: bool


def parse_page(call: str, data: Any, *, number: int, paged: bool) -> Page:
    """`paged`: the vendor documents pages for this list, so that a flat list is logged."""
    if isinstance(data, list):
        if number > 1 or len(data) >= FLAT_LIST_MAX_ROWS:
            raise Unclear(f"{call}: a flat list of {len(data)} rows may have been cut")
        if paged:
            logger.warning("%s: a flat list of %d rows instead of a page", call, len(data))
        return Page(number, data, len(data), is_last=True)
    if not isinstance(data, dict) or not isinstance(data.get("results"), list):
        raise Unclear(f"{call}: neither a list nor a page with results")
    count = data.get("count") if type(data.get("count")) is int else None  # and not a bool
    return Page(number, data["results"], count, is_last_page(call, data.get("next"), number))


def is_last_page(call: str, link: Any, number: int) -> bool:
    """Only the page number of `next` is used: their own sample names another host, which must not get the API key."""
    if link is None or link == "":
        return True
    following = parse_page_number(link)
    if following != number + 1:
        raise Unclear(f"{call}: page {number} is followed by page {following}")
    if number >= MAX_PAGES:
        raise Unclear(f"{call}: more than {MAX_PAGES} pages")
    return False


def parse_page_number(link: Any) -> int | None:
    try:
        text = parse_qs(urlsplit(link).query)["page"][-1]
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None
