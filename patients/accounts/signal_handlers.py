"""Signal handlers for Django's and allauth's events: audit rows of sign-in, passwords and MFA, and session state."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.signals import password_changed, password_reset
from allauth.core import context, ratelimit
from allauth.mfa import signals as mfa
from allauth.mfa.models import Authenticator
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.db.models.signals import post_save
from django.dispatch import receiver
from django.http import HttpRequest

from patients.accounts import mfa as second_step
from patients.accounts import session_timeout
from patients.audit import audit_log
from patients.models import AuditEvent, User


@receiver(user_logged_in)
def record_sign_in(request: HttpRequest, user: User, **_: Any) -> None:
    session_timeout.start_session_timer(request.session)
    audit_log.record_event(AuditEvent.Action.SIGN_IN, by=user)


@receiver(user_logged_out)
def record_sign_out(request: HttpRequest, user: User | None, **_: Any) -> None:
    if user is not None:
        because = session_timeout.session_end_reason(request.session) or "asked to"
        audit_log.record_event(AuditEvent.Action.SIGN_OUT, by=user, because=because)


@receiver(password_changed)
def record_password_change(user: User, **_: Any) -> None:
    audit_log.record_event(AuditEvent.Action.ACCOUNT, by=user, target=f"user:{user.pk}", change="changed the password")


@receiver(password_reset)
def record_password_reset(request: HttpRequest, user: User, **_: Any) -> None:
    """A followed reset link proves who the user is, so the lockout of the account ends."""
    audit_log.record_event(AuditEvent.Action.ACCOUNT, by=user, target=f"user:{user.pk}", change="reset the password")
    get_adapter()._delete_login_attempts_cached_email(request, email=user.email)
    ratelimit.clear(request, action="login_failed_anywhere", key=user.email)


@receiver(mfa.authenticator_used)
def record_mfa_passed(request: HttpRequest, user: User, authenticator: Authenticator, **_: Any) -> None:
    second_step.mark_mfa_passed(request.session, user=user)
    audit_log.record_event(AuditEvent.Action.MFA_PASSED, by=user, target=f"user:{user.pk}", kind=authenticator.type)


@receiver(post_save, sender=Authenticator)
def record_mfa_set_up(instance: Authenticator, created: bool, **_: Any) -> None:
    """Inside the transaction that stores it; allauth's own signal comes after the commit.

    Setting up an app or a passkey also passes MFA for the session.
    """
    if not created:
        return
    record_authenticator_change(instance.user, "set up", instance)
    request = context.request
    if instance.type in second_step.MFA_TYPES and request is not None and request.user == instance.user:
        second_step.mark_mfa_passed(request.session, user=instance.user)


@receiver(mfa.authenticator_removed)
def record_mfa_removed(user: User, authenticator: Authenticator, **_: Any) -> None:
    record_authenticator_change(user, "removed", authenticator)


def record_authenticator_change(user: Any, verb: str, authenticator: Authenticator) -> None:
    change = f"{verb} a second step: {authenticator.type}"
    audit_log.record_event(AuditEvent.Action.ACCOUNT, by=user, target=f"user:{user.pk}", change=change)
