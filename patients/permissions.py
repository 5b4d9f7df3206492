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

ViewFunction = Callable[..., HttpResponse]


class Permission(StrEnum):
    VIEW_PATIENTS = "see patients and their charts"
    EDIT_PATIENTS = "enrol and edit patients"
    VIEW_ORDERS = "see orders"
    PLACE_ORDERS = "order, activate, cancel, end monitoring"
    REVIEW_READINGS = "set goals, exclude readings"
    ADMINISTER = "use the administration of own clinics"


PERMISSIONS_BY_ROLE: dict[str, frozenset[Permission]] = {
    Role.CLINICIAN: frozenset({Permission.VIEW_PATIENTS, Permission.VIEW_ORDERS, Permission.REVIEW_READINGS}),
    Role.COORDINATOR: frozenset(
        {Permission.VIEW_PATIENTS, Permission.EDIT_PATIENTS, Permission.VIEW_ORDERS, Permission.PLACE_ORDERS}
    ),
    Role.ADMINISTRATOR: frozenset({Permission.ADMINISTER}),
}


def has_permission(user: User | AnonymousUser, permission: Permission) -> bool:
    return user.is_active and permission in PERMISSIONS_BY_ROLE.get(getattr(user, "role", ""), frozenset())


def set_access_policy(view: ViewFunction, policy: str) -> ViewFunction:
    """What the walk over all routes, and the middleware, read of a view. Django keeps it over `update_wrapper`."""
    vars(view)["policy"] = policy
    return view


def requires_permission(permission: Permission) -> Callable[[ViewFunction], ViewFunction]:
    """Declare a view's policy: anonymous people sign in first, others without the act get 403."""

    def decorate(view: ViewFunction) -> ViewFunction:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return redirect_to_sign_in(request)
            if not has_permission(request.user, permission):
                raise PermissionDenied
            return view(request, *args, **kwargs)

        return set_access_policy(guarded, permission)

    return decorate


def requires_sign_in(view: ViewFunction) -> ViewFunction:
    """Declare that anybody with an account may call this view: their own password, signing out."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return redirect_to_sign_in(request)
        return view(request, *args, **kwargs)

    return set_access_policy(guarded, "signed_in")


def redirect_to_sign_in(request: HttpRequest) -> HttpResponse:
    """To the door and from there back. What was sent too late is lost: the door says so, and leads back to its form."""
    door = resolve_url("account_login")
    if request.method in ("GET", "HEAD"):
        return redirect_to_login(request.get_full_path(), door)
    return redirect_to_login(referring_page(request), f"{door}?unsaved=1")


def referring_page(request: HttpRequest) -> str:
    """The page of ours on which the form stood: the address that it was sent to may answer nothing but forms."""
    page = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(page, allowed_hosts={request.get_host()}):
        return resolve_url("home")
    return urlsplit(page)._replace(scheme="", netloc="", fragment="").geturl() or "/"


def allow_anonymous(view: ViewFunction) -> ViewFunction:
    """Declare that anybody may call this view: sign-in, health, hooks."""
    return set_access_policy(view, "public")


def current_user(request: HttpRequest) -> User:
    """Who is signed in, for views behind a policy; as the `by=` of every verb."""
    if not request.user.is_authenticated:
        raise PermissionDenied
    return request.user


def home_url_for(user: User | AnonymousUser) -> str:
    """Where a person lands after signing in."""
    in_office = user.is_staff and not has_permission(user, Permission.VIEW_PATIENTS)
    return resolve_url("admin:index") if in_office else settings.LOGIN_REDIRECT_URL


def get_patient_audited(patient_id: uuid.UUID, *, by: User, action: AuditAction = AuditAction.VIEW) -> Patient:
    """The only door to one patient. The read is audited in the same transaction; a stranger's patient is not found."""
    with transaction.atomic():
        patient = Patient.objects.visible_to(by).select_related("clinic", "practitioner").filter(pk=patient_id).first()
        if patient is None:
            raise Http404("No such patient.")
        audit_log.record_event(action, by=by, patients=[patient.pk], clinic=patient.clinic)
    return patient
