"""Posted searches: the words are stored in the session and the results have an address without them.

A search answers its POST with a redirect to that address, so that going back to the results posts nothing again. The
address holds a random key, so that searches in several tabs stay apart.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

SESSION_KEY, QUERY_NAME = "searches", "search"
MAX_STORED_SEARCHES = 20  # of one session; the oldest is dropped


def redirect_to_results(request: HttpRequest, fields: Mapping[str, str]) -> HttpResponse:
    """Store what was posted to this page, and redirect to the page that shows the results."""
    key = secrets.token_urlsafe(6)
    stored = list(request.session.get(SESSION_KEY, {}).items())[-(MAX_STORED_SEARCHES - 1) :]
    request.session[SESSION_KEY] = dict(stored) | {key: {"page": request.path, "fields": dict(fields)}}
    return redirect(f"{request.path}?{QUERY_NAME}={key}")


def find_search(request: HttpRequest, *, page: str = "") -> dict[str, str] | None:
    """What was posted to this page under the key in the address; None without one or after the session has ended.

    `page`: the path of the page, for its live update and its file, which have addresses of their own.
    """
    found = request.session.get(SESSION_KEY, {}).get(request.GET.get(QUERY_NAME, ""))
    return found["fields"] if found and found["page"] == (page or request.path) else None
