"""Permissions: each role has a set, each view declares one, and one audited function returns a patient."""

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
    HANDLE_EXCEPTIONS = "assign, snooze and dismiss exceptions"
    REVIEW_READINGS = "set goals and alert rules of a patient, exclude readings"
    VIEW_CLINIC_RULES = "see alert rules of own clinics"
    CHANGE_CLINIC_RULES = "change alert rules of own clinics"
    HANDLE_ALERTS = "acknowledge, snooze and resolve alerts, review patients"
    HANDLE_MISSING_READINGS = "acknowledge, snooze and resolve alerts of missing readings"
    SET_STEP_GOALS = "set the step goal of a watch"
    WRITE_NOTES = "write notes and contacts"
    KEEP_TIME = "record time spent for patients"
    PLAN_ABSENCES = "plan absences"
    KEEP_BILLING = "keep billing, where an administrator has given it"
    APPROVE_BILLING = "approve billing lines, as a billing practitioner"
    VIEW_BILLING_AUDIT = "see the measures of a billing audit"
    VIEW_CLINIC_REPORTS = "see reports of a clinic"
    ADMINISTER = "use the administration of own clinics"


CARE_PERMISSIONS = frozenset(
    {
        Permission.VIEW_PATIENTS,
        Permission.VIEW_ORDERS,
        Permission.HANDLE_MISSING_READINGS,
        Permission.VIEW_CLINIC_RULES,
        Permission.SET_STEP_GOALS,
        Permission.WRITE_NOTES,
        Permission.KEEP_TIME,
        Permission.PLAN_ABSENCES,
        Permission.KEEP_BILLING,
        Permission.VIEW_BILLING_AUDIT,
    }
)
PERMISSIONS_BY_ROLE: dict[str, frozenset[Permission]] = {
    # Clinic rules: clinicians whom the clinic names (`alerts.rule_permissions`), and its administrators.
    Role.CLINICIAN: CARE_PERMISSIONS
    | {
        Permission.REVIEW_READINGS,
        Permission.HANDLE_ALERTS,
        Permission.CHANGE_CLINIC_RULES,
        Permission.VIEW_CLINIC_REPORTS,
        Permission.APPROVE_BILLING,
    },
    Role.COORDINATOR: CARE_PERMISSIONS
    | {Permission.EDIT_PATIENTS, Permission.PLACE_ORDERS, Permission.HANDLE_EXCEPTIONS},
    Role.ADMINISTRATOR: frozenset(
        {
            Permission.ADMINISTER,
            Permission.VIEW_CLINIC_RULES,
            Permission.CHANGE_CLINIC_RULES,
            Permission.VIEW_CLINIC_REPORTS,
            Permission.VIEW_BILLING_AUDIT,
        }
    ),
}
# What an administrator gives to each person (`keeps_billing`), beside the role.
GIVEN_TO_PEOPLE = frozenset(
    {
        (Role.CLINICIAN, Permission.KEEP_BILLING),
        (Role.COORDINATOR, Permission.KEEP_BILLING),
        (Role.COORDINATOR, Permission.VIEW_BILLING_AUDIT),
    }
)


def has_permission(user: User | AnonymousUser, permission: Permission) -> bool:
    """By the role; keeping billing is also given to each person. Who is a billing practitioner is a fact with dates,
    which the views of billing check beside the role."""
    role = getattr(user, "role", "")
    is_given = (role, permission) not in GIVEN_TO_PEOPLE or getattr(user, "keeps_billing", False)
    return user.is_active and permission in PERMISSIONS_BY_ROLE.get(role, frozenset()) and is_given


def roles_with_permission(permission: Permission) -> str:
    """For the page that refuses: "Roles that may enrol and edit patients: Care coordinator."."""
    roles = [str(Role(role).label) for role, own in PERMISSIONS_BY_ROLE.items() if permission in own]
    return f"Roles that may {permission}: {', '.join(roles)}."


def set_access_policy(view: ViewFunction, policy: str) -> ViewFunction:
    """Set the attribute that the middleware and the test of all routes read. `update_wrapper` copies it."""
    vars(view)["policy"] = policy
    return view


def requires_permission(permission: Permission) -> Callable[[ViewFunction], ViewFunction]:
    """View decorator: anonymous users sign in first, users without the permission get 403."""

    def decorate(view: ViewFunction) -> ViewFunction:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return redirect_to_sign_in(request)
            if not has_permission(request.user, permission):
                raise PermissionDenied(roles_with_permission(permission))
            return view(request, *args, **kwargs)

        return set_access_policy(guarded, permission)

    return decorate


def requires_sign_in(view: ViewFunction) -> ViewFunction:
    """View decorator: every signed-in user may call it (own password, signing out)."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not request.user.is_authenticated:
            return redirect_to_sign_in(request)
        return view(request, *args, **kwargs)

    return set_access_policy(guarded, "signed_in")


def redirect_to_sign_in(request: HttpRequest) -> HttpResponse:
    """To the sign-in page and from there back. A form sent after the session's end is lost: the page says so and
    leads back to the form."""
    sign_in = resolve_url("account_login")
    if request.method in ("GET", "HEAD"):
        return redirect_to_login(request.get_full_path(), sign_in)
    page = request.headers.get("Referer", "")  # the address that the form was sent to may be POST only
    if url_has_allowed_host_and_scheme(page, allowed_hosts={request.get_host()}):
        back = urlsplit(page)._replace(scheme="", netloc="", fragment="").geturl() or "/"
    else:
        back = resolve_url("home")
    return redirect_to_login(back, f"{sign_in}?unsaved=1")


def allow_anonymous(view: ViewFunction) -> ViewFunction:
    """View decorator: no sign-in needed (sign-in page, health checks, webhooks)."""
    return set_access_policy(view, "public")


def current_user(request: HttpRequest) -> User:
    """The signed-in user, for views behind a policy; passed on as `by=`."""
    if not request.user.is_authenticated:
        raise PermissionDenied
    return request.user


def home_url_for(user: User | AnonymousUser) -> str:
    """Landing page after signing in."""
    in_office = user.is_staff and not has_permission(user, Permission.VIEW_PATIENTS)
    if has_permission(user, Permission.HANDLE_ALERTS):
        return resolve_url("triage:list")
    if has_permission(user, Permission.HANDLE_EXCEPTIONS):
        return resolve_url("exceptions:list")
    return resolve_url("admin:index") if in_office else settings.LOGIN_REDIRECT_URL


def get_patient_audited(patient_id: uuid.UUID, *, by: User, action: AuditAction = AuditAction.VIEW) -> Patient:
    """The only access to one patient: audited in the same transaction; 404 for a patient of another clinic."""
    with transaction.atomic(savepoint=False):  # a page's request is a transaction
        patient = Patient.objects.visible_to(by).select_related("clinic", "practitioner").filter(pk=patient_id).first()
        if patient is not None:
            audit_log.record_event(action, by=by, patients=[patient.pk], clinic=patient.clinic)
    if patient is None:
        raise Http404("No such patient.")
    return patient
