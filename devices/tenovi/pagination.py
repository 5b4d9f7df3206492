"""Lists, page by page. A list that we can't be sure of is an error and never an empty list."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from .errors import Unclear

logger = logging.getLogger(__name__)

PAGE_SIZE = 1000
MAX_PAGES = 500
# Since 2026-05-05 a list without pages is cut at 1,000 rows, without a word (their pagination page).
FLAT_LIST_MAX_ROWS = 1000


@dataclass(frozen=True)
class Page:
    """Rows exactly as sent, each for its reader to judge by itself. `count` is the vendor's total of all pages."""

    number: int
    items: list[Any] = field(repr=False)
    count: int | None
    is_last: bool


def parse_page(call: str, data: Any, *, number: int, paged: bool) -> Page:
    """`paged`: their documents promise pages here, so that a flat list is worth a line in the log."""
    if isinstance(data, list):
        return parse_flat_list(call, data, number=number, paged=paged)
    if not isinstance(data, dict) or not isinstance(data.get("results"), list):
        raise Unclear(f"{call}: neither a list nor a page with results")
    is_last = is_last_page(call, data.get("next"), number)
    return Page(number, data["results"], parse_count(data.get("count")), is_last)


def parse_flat_list(call: str, items: list[Any], *, number: int, paged: bool) -> Page:
    if number > 1 or len(items) >= FLAT_LIST_MAX_ROWS:
        raise Unclear(f"{call}: a flat list of {len(items)} rows may have been cut")
    if paged:
        logger.warning("%s: asked for a page and got a flat list of %d rows", call, len(items))
    return Page(number, items, len(items), is_last=True)


def is_last_page(call: str, link: Any, number: int) -> bool:
    """Only the page number of `next` is used: their own sample names another host, and our key stays with ours."""
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


def parse_count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
