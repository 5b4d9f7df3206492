"""What an open page asks every few seconds: is there anything new?"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse

from patients.permissions import ViewFunction, current_user


def only_if_changed(live_version: Callable[..., object]) -> Callable[[ViewFunction], ViewFunction]:
    """The view is called only when the page that asks shows another version than the one there is now.

    `version(user, **kwargs of the address)` changes with whatever the page shows, and reads nobody: 204 then means
    that nobody has seen anything, and nothing is audited. None, where this person has no such page, is 404.
    """

    def decorate(view: ViewFunction) -> ViewFunction:
        @wraps(view)
        def asked(request: HttpRequest, **kwargs: Any) -> HttpResponse:
            now = live_version(current_user(request), **kwargs)
            if now is None:
                raise Http404("No such page.")
            if request.GET.get("v") == str(now):
                return HttpResponse(status=204)
            return view(request, **kwargs)

        return asked

    return decorate
