from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse


def hook_door(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    return get_response
