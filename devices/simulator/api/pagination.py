"""List responses of the vendor: search, pagination only on request, else cut silently; `next` names another host."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

from devices.simulator.runtime.messages import ApiError, Json, Request, Response

MAX_UNPAGED_ROWS = 1000  # since 2026-05-05, without an error or a mark
MAX_PAGE_SIZE = 1000
DEFAULT_PAGE_SIZE = 100
# The vendor's own sample names this host although the API lives at api2.tenovi.com.
NEXT_HOST = "https://api.tenovi.com"


def list_response(
    request: Request,
    rows: list[Any],
    *,
    serialize: Callable[[Any], Any] = lambda row: row,
    search_texts: Callable[[Any], tuple[Any, ...]] | None = None,
    always_paged: bool = False,
) -> Response:
    """A page object when `page` was sent (or always); else the flat list, cut at 1,000 rows.

    `search_texts`: the texts of a row that `search` covers. `serialize` is applied to the rows that are shown.
    """
    if search_texts:
        rows = [row for row in rows if matches_search(request, *search_texts(row))]
    if not always_paged and not request.query.get("page"):
        return Response(data=[serialize(row) for row in rows[:MAX_UNPAGED_ROWS]])
    size_text = request.query.get("page_size", "")
    is_size = size_text.isascii() and size_text.isdigit() and int(size_text) > 0
    size = min(int(size_text), MAX_PAGE_SIZE) if is_size else DEFAULT_PAGE_SIZE
    last = max(1, -(-len(rows) // size))
    number = parse_page_number(request.query.get("page") or "1", last)
    page = {
        "count": len(rows),
        "next": page_link(request, number + 1) if number < last else None,
        "previous": page_link(request, number - 1) if number > 1 else None,
        "results": [serialize(row) for row in rows[(number - 1) * size : number * size]],
    }
    return Response(data=page)


def parse_page_number(text: str, last: int) -> int:
    number = last if text == "last" else int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= number <= last:
        raise ApiError(404, {"detail": "Invalid page."})
    return number


def page_link(request: Request, number: int) -> str:
    return f"{NEXT_HOST}{quote(request.path)}?{urlencode({**request.query, 'page': number})}"


def matches_search(request: Request, *texts: Any) -> bool:
    """DRF's `search`: every word somewhere in one of the texts, ignoring case."""
    haystack = "\n".join(str(text).casefold() for text in texts if text)
    words = request.query.get("search", "").casefold().replace(",", " ").split()
    return all(word in haystack for word in words)


def matches_fulfilled(request: Request, order: Json) -> bool:
    """The `fulfilled` filter of replacements and bulk orders."""
    wanted = request.query.get("fulfilled", "").lower()
    return wanted not in ("true", "false") or bool(order["fulfilled"]) == (wanted == "true")
