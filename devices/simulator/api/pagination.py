"""Lists as the vendor gives them: paged on request only, silently cut otherwise, `next` on another host."""

from typing import Any
from urllib.parse import quote, urlencode

from devices.simulator.runtime.messages import ApiError, Json, Request

MAX_UNPAGED_ROWS = 1000  # since 2026-05-05; neither an error nor a mark tells
MAX_PAGE_SIZE = 1000
DEFAULT_PAGE_SIZE = 100
# The vendor's own sample names this host although the API lives at api2.tenovi.com.
NEXT_HOST = "https://api.tenovi.com"


def paginate_if_requested(request: Request, rows: list[Any], *, always_paged: bool = False) -> Any:
    """A page object when `page` was sent (or always); else the flat list, cut at 1,000 rows."""
    if not always_paged and not request.query.get("page"):
        return rows[:MAX_UNPAGED_ROWS]
    return build_page(request, rows)


def build_page(request: Request, rows: list[Any]) -> Json:
    size = parse_page_size(request.query.get("page_size", ""))
    last = max(1, -(-len(rows) // size))
    number = parse_page_number(request.query.get("page") or "1", last)
    return {
        "count": len(rows),
        "next": page_link(request, number + 1) if number < last else None,
        "previous": page_link(request, number - 1) if number > 1 else None,
        "results": rows[(number - 1) * size : number * size],
    }


def parse_page_size(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) > 0:
        return min(int(text), MAX_PAGE_SIZE)
    return DEFAULT_PAGE_SIZE


def parse_page_number(text: str, last: int) -> int:
    number = last if text == "last" else int(text) if text.isascii() and text.isdigit() else 0
    if not 1 <= number <= last:
        raise ApiError(404, {"detail": "Invalid page."})
    return number


def page_link(request: Request, number: int) -> str:
    return f"{NEXT_HOST}{quote(request.path)}?{urlencode({**request.query, 'page': number})}"


def matches_search(words: str, *texts: Any) -> bool:
    """DRF's `search`: every word somewhere in one of the texts, ignoring case."""
    haystack = "\n".join(str(text).casefold() for text in texts if text)
    return all(word in haystack for word in words.casefold().replace(",", " ").split())
