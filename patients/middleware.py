from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.http import HttpRequest, HttpResponse

from patients.audit import Origin, origin
from patients.origin import client_address

GetResponse = Callable[[HttpRequest], HttpResponse]


class RememberOrigin:
    """Audit rows say from where and through which page, without every verb passing a request along."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = origin.set(Origin(address=client_address(request)))
        try:
            return self.get_response(request)
        finally:
            origin.reset(token)

    def process_view(self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any) -> None:
        route = request.resolver_match.view_name if request.resolver_match else ""
        origin.set(replace(origin.get(), route=route[:120]))


def no_store(get_response: GetResponse) -> GetResponse:
    """Nothing that a view answers may be kept: a shared computer's Back button must not show a patient.

    Static files are served before this is reached and stay cacheable.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if "no-store" not in response.get("Cache-Control", ""):
            response["Cache-Control"] = "no-store"
        response.setdefault("X-Robots-Tag", "noindex, nofollow")
        return response

    return middleware
