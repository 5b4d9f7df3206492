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
from patients.audit.audit_log import AuditContext, audit_context
from patients.client_ip import get_client_ip

GetResponse = Callable[[HttpRequest], HttpResponse]

# Routes that stay open before MFA is set up, and before the session has passed it.
MFA_SETUP_ROUTES = {
    "mfa_index",
    "mfa_activate_totp",
    "mfa_add_webauthn",
    "account_reauthenticate",
    "account_session_keepalive",
}
MFA_CONFIRMATION_ROUTES = {"mfa_reauthenticate", "mfa_reauthenticate_webauthn", "account_session_keepalive"}


class AuditContextMiddleware:
    """Set the audit context (client address, route), so that functions need no request to write audit rows."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = audit_context.set(AuditContext(address=get_client_ip(request)))
        try:
            return self.get_response(request)
        finally:
            audit_context.reset(token)

    def process_view(self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any) -> None:
        route = request.resolver_match.view_name if request.resolver_match else ""
        audit_context.set(replace(audit_context.get(), route=route[:120]))


def no_store_middleware(get_response: GetResponse) -> GetResponse:
    """Responses of views are never cached: a shared computer's Back button must not show a patient.

    Static files are served before this is reached and stay cacheable.
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if "no-store" not in response.get("Cache-Control", ""):
            response["Cache-Control"] = "no-store"
        response.setdefault("X-Robots-Tag", "noindex, nofollow")
        return response

    return middleware


def method_not_allowed_middleware(get_response: GetResponse) -> GetResponse:
    """Show a page of ours for 405 when a POST-only address is opened by a reload or the history."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if response.status_code == 405 and not response.content and not is_script_request(request):
            response.content = render_to_string("405.html")
        return response

    return middleware


class SessionTimeoutMiddleware:
    """End a session after its idle time or its maximum age, and record its last activity.

    Polling is no activity: neither `live` routes, heartbeats of the timer nor other fetches of scripts extend a
    session. Keys, pointer and scrolling do, by `account_session_keepalive`.
    """

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if SESSION_KEY in request.session and (over := session_timeout.session_end_reason(request.session)):
            logout(request)
            messages.info(request, over)
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any) -> None:
        if SESSION_KEY in request.session and not is_anonymous_view(view) and not is_background_request(request):
            session_timeout.record_activity(request.session)


class RequireMFAMiddleware:
    """With MFA_REQUIRED, redirect every request of a session that hasn't passed MFA."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        if not settings.MFA_REQUIRED or is_anonymous_view(view) or not request.user.is_authenticated:
            return None
        if mfa.mfa_enabled_at(request.user) is None:
            return redirect_to_mfa("mfa_index", request, allowed_routes=MFA_SETUP_ROUTES)
        if not mfa.has_passed_mfa(request.session, user=request.user):
            return redirect_to_mfa("mfa_reauthenticate", request, allowed_routes=MFA_CONFIRMATION_ROUTES)
        return None


def redirect_to_mfa(name: str, request: HttpRequest, *, allowed_routes: set[str]) -> HttpResponse | None:
    """401 for a script's request, which pages treat as signed out."""
    if route_name_of(request) in allowed_routes:
        return None
    if is_script_request(request):
        return HttpResponse(status=401)
    return redirect_to_login(request.path, reverse(name)) if request.method == "GET" else redirect(name)


def is_anonymous_view(view: Callable[..., Any]) -> bool:
    return getattr(view, "policy", None) == "public"


def is_background_request(request: HttpRequest) -> bool:
    name = route_name_of(request)
    if name == "heartbeat":  # of the timer: it posts by itself and extends no session
        return True
    polls = name == "live" or name.endswith(("_live", "account_session_keepalive"))
    return request.method in ("GET", "HEAD") and (polls or is_script_request(request))


def is_script_request(request: HttpRequest) -> bool:
    """By the Sec-Fetch headers; without them, a request counts as navigation."""
    return request.headers.get("Sec-Fetch-Mode", "navigate") != "navigate" or "HX-Request" in request.headers


def route_name_of(request: HttpRequest) -> str:
    return (request.resolver_match.url_name or "") if request.resolver_match else ""
