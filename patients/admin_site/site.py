from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import update_wrapper
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib import admin
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, resolve_url
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from patients.admin_site.base import viewer
from patients.permissions import Permission, redirect_to_sign_in, set_access_policy
from patients.us_states import time_zone_label


@dataclass(frozen=True)
class DashboardFigure:
    """One figure of a panel. `tone`: ok, warn, bad or none."""

    label: str
    value: str
    href: str = ""
    tone: str = ""
    note: str = ""


@dataclass(frozen=True)
class DashboardPanel:
    title: str
    lines: list[DashboardFigure]
    empty: str = ""


UNUSED_ROUTES = frozenset(("view_on_site", "autocomplete"))
DASHBOARD_PANELS: list[Callable[[HttpRequest], DashboardPanel]] = []


def register_dashboard_panel(
    build_panel: Callable[[HttpRequest], DashboardPanel],
) -> Callable[[HttpRequest], DashboardPanel]:
    """Register a panel of the admin's first page; each app registers its own in its admin modules."""
    DASHBOARD_PANELS.append(build_panel)
    return build_panel


def build_panels(request: HttpRequest) -> list[DashboardPanel]:
    """In the order of registration. Panels with the same title become one, so an app can add lines to a panel."""
    panels: dict[str, DashboardPanel] = {}
    for build_panel in DASHBOARD_PANELS:
        panel = build_panel(request)
        if panel.title in panels:
            panels[panel.title].lines.extend(panel.lines)
        else:
            panels[panel.title] = panel
    return list(panels.values())


class VitalsAdminSite(admin.AdminSite):
    """Admin site without own sign-in: signing in, signing out and passwords are allauth's, with its lockout."""

    site_title = "Vitals at Home"
    index_title = "Administration"
    site_url = None
    final_catch_all_view = True

    def get_urls(self) -> list[Any]:
        """Without Django's routes that serve nothing here: no model has a page on the site or a field to complete."""
        return [route for route in super().get_urls() if getattr(route, "name", None) not in UNUSED_ROUTES]

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        return super().index(request, {"panels": build_panels(request), **(extra_context or {})})

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """403 for a signed-in user who isn't staff, instead of a second sign-in page; 405 for the methods that Django's
        pages would answer as a GET.
        """
        inner = require_http_methods(["GET", "HEAD", "POST"])(super().admin_view(view, cacheable))

        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.user.is_authenticated and not self.has_permission(request):
                raise PermissionDenied
            if not request.user.is_authenticated and request.method == "POST":
                return redirect_to_sign_in(request)
            with timezone.override(clinic_time_zone(request)), viewer_context(request):
                response = inner(request, *args, **kwargs)
                return response.render() if isinstance(response, TemplateResponse) else response

        return set_access_policy(update_wrapper(guarded, inner), Permission.ADMINISTER)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        return {
            **super().each_context(request),
            "times_in": f"times in {time_zone_label(timezone.get_current_timezone_name())}",
        }

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if self.has_permission(request):
            return redirect("admin:index")
        if request.user.is_authenticated:
            raise PermissionDenied
        wanted = request.GET.get(REDIRECT_FIELD_NAME) or reverse("admin:index")
        return redirect_to_login(wanted, resolve_url("account_login"))

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return redirect("account_logout")

    def password_change_done(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return redirect("admin:index")

    def password_change(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        return redirect("account_change_password")


@contextmanager
def viewer_context(request: HttpRequest) -> Iterator[None]:
    if not request.user.is_authenticated:
        yield
        return
    token = viewer.set(request.user)
    try:
        yield
    finally:
        viewer.reset(token)


def clinic_time_zone(request: HttpRequest) -> ZoneInfo:
    """Admin times are shown in the zone of the user's clinic, which the header names."""
    clinic = request.user.clinics.first() if request.user.is_authenticated else None
    return clinic.zone if clinic else ZoneInfo("UTC")
