"""Polling of open pages: 204 unless the live version has changed."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse

from patients.models import Patient, User
from patients.permissions import ViewFunction, current_user


def visible_patients_version(user: User) -> str:
    """Live version of a list that shows something of each patient whom the user may see."""
    return Patient.objects.visible_to(user).combined_live_version()


def only_if_changed(live_version: Callable[..., object]) -> Callable[[ViewFunction], ViewFunction]:
    """View decorator: the view is called only if the polling page shows an outdated version.

    `live_version(user, **kwargs of the address)` changes with everything that the page shows and reads no patient
    data, so a 204 isn't audited. None (the user has no such page) is 404.
    """

    def decorate(view: ViewFunction) -> ViewFunction:
        @wraps(view)
        def poll(request: HttpRequest, **kwargs: Any) -> HttpResponse:
            current = live_version(current_user(request), **kwargs)
            if current is None:
                raise Http404("No such page.")
            if request.GET.get("v") == str(current):
                return HttpResponse(status=204)
            return view(request, **kwargs)

        return poll

    return decorate
