"""Who may do what, in one place: a role holds acts, a view declares one, a patient is reached through one door."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import resolve_url
from django.utils.http import url_has_allowed_host_and_scheme

from patients.audit import audit_log
from patients.models import Patient, Role
from patients.models.audit import AuditAction

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from patients.models import User

View = Callable[..., HttpResponse]


class Act(StrEnum):
    SEE_PATIENTS = "see patients and their charts"
    EDIT_PATIENTS = "enrol and edit patients"
    SEE_ORDERS = "see orders"
    PLACE_ORDERS = "order, activate, cancel, end monitoring"
    JUDGE_READINGS = "set goals, exclude readings"
    ADMINISTER = "use the administration of own clinics"


ACTS_OF_ROLE: dict[str, frozenset[Act]] = {
    Role.CLINICIAN: frozenset({Act.SEE_PATIENTS, Act.SEE_ORDERS, Act.JUDGE_READINGS}),
    Role.COORDINATOR: frozenset({Act.SEE_PATIENTS, Act.EDIT_PATIENTS, Act.SEE_ORDERS, Act.PLACE_ORDERS}),
    Role.ADMINISTRATOR: frozenset({Act.ADMINISTER}),
}


def can(user: User | AnonymousUser, act: Act) -> bool:
    return user.is_active and act in ACTS_OF_ROLE.get(getattr(user, "role", ""), frozenset())


def declare(view: View, policy: str) -> View:
    """What the walk over all routes, and the middleware, read of a view. Django keeps it over `update_wrapper`."""
    vars(view)["policy"] = policy
    return view


def requires(act: Act) -> Callable[[View], View]:
    """Declare a view's policy: anonymous people sign in first, others without the act get 403."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return sign_in_first(request)
            if not can(request.user, act):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return declare(guarded, act)

    return decorate


def signed_in(view: View) -> View:
    """Declare that anybody with an account may call this view: their own password, signing out."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return sign_in_first(request)
        return view(request, *args, **kwargs)

    return declare(guarded, "signed_in")


def sign_in_first(request: HttpRequest) -> HttpResponse:
    """To the door and from there back. What was sent too late is lost: the door says so, and leads back to its form."""
    door = resolve_url("account_login")
    if request.method in ("GET", "HEAD"):
        return redirect_to_login(request.get_full_path(), door)
    return redirect_to_login(_came_from(request), f"{door}?unsaved=1")


def _came_from(request: HttpRequest) -> str:
    """The page of ours on which the form stood: the address that it was sent to may answer nothing but forms."""
    page = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(page, allowed_hosts={request.get_host()}):
        return resolve_url("home")
    return urlsplit(page)._replace(scheme="", netloc="", fragment="").geturl() or "/"


def public(view: View) -> View:
    """Declare that anybody may call this view: sign-in, health, hooks."""
    return declare(view, "public")


def person(request: HttpRequest) -> User:
    """Who is signed in, for views behind a policy; as the `by=` of every verb."""
    if not request.user.is_authenticated:
        raise PermissionDenied
    return request.user


def home_of(user: User | AnonymousUser) -> str:
    """Where a person lands after signing in."""
    in_office = user.is_staff and not can(user, Act.SEE_PATIENTS)
    return resolve_url("admin:index") if in_office else settings.LOGIN_REDIRECT_URL


def open_patient(patient_id: uuid.UUID, *, by: User, action: AuditAction = AuditAction.VIEW) -> Patient:
    """The only door to one patient. The read is audited in the same transaction; a stranger's patient is not found."""
    with transaction.atomic():
        patient = Patient.objects.visible_to(by).select_related("clinic").filter(pk=patient_id).first()
        if patient is None:
            raise Http404("No such patient.")
        audit_log.record(action, by=by, patients=[patient.pk], clinic=patient.clinic)
    return patient
