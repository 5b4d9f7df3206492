from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import SESSION_KEY, logout
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse

from patients.accounts import mfa, session_timeout
from patients.audit.audit_log import Origin, origin
from patients.client_ip import client_address

GetResponse = Callable[[HttpRequest], HttpResponse]

# What somebody may open who has no second step yet, and who has one but hasn't shown it in this session.
TO_SET_UP = {"mfa_index", "mfa_activate_totp", "mfa_add_webauthn", "account_reauthenticate", "account_alive"}
TO_CONFIRM = {"mfa_reauthenticate", "mfa_reauthenticate_webauthn", "account_alive"}


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


def explain_forms(get_response: GetResponse) -> GetResponse:
    """Who opens an address that takes forms alone (a reload, the history) gets a page and not the browser's own."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if response.status_code == 405 and not response.content and not is_script(request):
            response.content = render_to_string("405.html")
        return response

    return middleware


class KeepHours:
    """Ends a session after its idle time or its longest time, and notes when somebody last did something.

    A page that looks for news does nothing: neither routes named `live` nor other things that a script fetches keep
    anybody signed in. Keys, pointer and scrolling do, by `account_alive`.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if SESSION_KEY in request.session and (over := session_timeout.why_over(request.session)):
            logout(request)
            messages.info(request, over)
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any) -> None:
        if SESSION_KEY in request.session and not is_public(view) and not is_passive(request):
            session_timeout.touch(request.session)


class SecondStepGate:
    """Where MFA_REQUIRED is on, nobody gets past it without a second step that this session has passed."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        if not settings.MFA_REQUIRED or is_public(view) or not request.user.is_authenticated:
            return None
        if mfa.since(request.user) is None:
            return send_to("mfa_index", request, unless=TO_SET_UP)
        if not mfa.is_proven(request.session, user=request.user):
            return send_to("mfa_reauthenticate", request, unless=TO_CONFIRM)
        return None


def send_to(name: str, request: HttpRequest, *, unless: set[str]) -> HttpResponse | None:
    """A script that wanted a part of a page gets 401, which pages take for signed out."""
    if _route(request) in unless:
        return None
    if is_script(request):
        return HttpResponse(status=401)
    return redirect_to_login(request.path, reverse(name)) if request.method == "GET" else redirect(name)


def is_public(view: Callable[..., Any]) -> bool:
    return getattr(view, "policy", None) == "public"


def is_passive(request: HttpRequest) -> bool:
    name = _route(request)
    polls = name == "live" or name.endswith(("_live", "account_alive"))
    return request.method in ("GET", "HEAD") and (polls or is_script(request))


def is_script(request: HttpRequest) -> bool:
    """Browsers say what a request is for; who doesn't say is taken for a person who opens a page."""
    return request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate" or "HX-Request" in request.headers


def _route(request: HttpRequest) -> str:
    return (request.resolver_match.url_name or "") if request.resolver_match else ""
