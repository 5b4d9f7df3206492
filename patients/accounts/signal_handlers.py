"""What Django and allauth tell us about sessions, passwords, second steps: audit rows, and notes in the session."""

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
def _signed_in(request: HttpRequest, user: User, **_: Any) -> None:
    session_timeout.begin(request.session)
    audit_log.record(AuditEvent.Action.SIGN_IN, by=user)


@receiver(user_logged_out)
def _signed_out(request: HttpRequest, user: User | None, **_: Any) -> None:
    if user is not None:
        because = session_timeout.why_over(request.session) or "asked to"
        audit_log.record(AuditEvent.Action.SIGN_OUT, by=user, because=because)


@receiver(password_changed)
def _password_changed(user: User, **_: Any) -> None:
    audit_log.record(AuditEvent.Action.ACCOUNT, by=user, target=f"user:{user.pk}", change="changed the password")


@receiver(password_reset)
def _password_reset(request: HttpRequest, user: User, **_: Any) -> None:
    """Whoever read the mail proved who they are, so the lockout of the forgotten password ends."""
    audit_log.record(AuditEvent.Action.ACCOUNT, by=user, target=f"user:{user.pk}", change="reset the password")
    get_adapter()._delete_login_attempts_cached_email(request, email=user.email)
    ratelimit.clear(request, action="login_failed_anywhere", key=user.email)


@receiver(mfa.authenticator_used)
def _passed_second_step(request: HttpRequest, user: User, authenticator: Authenticator, **_: Any) -> None:
    second_step.prove(request.session, user=user)
    audit_log.record(AuditEvent.Action.SECOND_STEP, by=user, target=f"user:{user.pk}", kind=authenticator.type)


@receiver(post_save, sender=Authenticator)
def _kept_second_step(instance: Authenticator, created: bool, **_: Any) -> None:
    """Inside the transaction that keeps it; allauth's own signal comes after the commit.

    Who set up an app or a passkey has just shown that they hold it.
    """
    if not created:
        return
    _record_change(instance.user, "set up", instance)
    request = context.request
    if instance.type in second_step.STEPS and request is not None and request.user == instance.user:
        second_step.prove(request.session, user=instance.user)


@receiver(mfa.authenticator_removed)
def _removed_second_step(user: User, authenticator: Authenticator, **_: Any) -> None:
    _record_change(user, "removed", authenticator)


def _record_change(user: Any, verb: str, authenticator: Authenticator) -> None:
    change = f"{verb} a second step: {authenticator.type}"
    audit_log.record(AuditEvent.Action.ACCOUNT, by=user, target=f"user:{user.pk}", change=change)
