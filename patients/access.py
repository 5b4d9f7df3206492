"""Who may do what, in one place: a role holds acts, a view declares one, a patient is reached through one door."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import resolve_url

from patients import audit
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
                return redirect_to_login(request.get_full_path(), resolve_url("account_login"))
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
            return redirect_to_login(request.get_full_path(), resolve_url("account_login"))
        return view(request, *args, **kwargs)

    return declare(guarded, "signed_in")


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
        audit.record(action, by=by, patients=[patient.pk], clinic=patient.clinic)
    return patient
