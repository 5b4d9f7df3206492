"""What Django and allauth tell us about sessions and passwords, as audit rows. No business logic hangs on signals."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.signals import password_changed, password_reset
from allauth.core import ratelimit
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest

from patients import audit
from patients.models import AuditEvent, User


@receiver(user_logged_in)
def _signed_in(user: User, **_: Any) -> None:
    audit.record(AuditEvent.Action.SIGN_IN, by=user)


@receiver(user_logged_out)
def _signed_out(user: User | None, **_: Any) -> None:
    if user is not None:
        audit.record(AuditEvent.Action.SIGN_OUT, by=user)


@receiver(password_changed)
def _password_changed(user: User, **_: Any) -> None:
    audit.record(AuditEvent.Action.ACCOUNT, by=user, target=f"user:{user.pk}", change="changed the password")


@receiver(password_reset)
def _password_reset(request: HttpRequest, user: User, **_: Any) -> None:
    """Whoever read the mail proved who they are, so the lockout of the forgotten password ends."""
    audit.record(AuditEvent.Action.ACCOUNT, by=user, target=f"user:{user.pk}", change="reset the password")
    get_adapter()._delete_login_attempts_cached_email(request, email=user.email)
    ratelimit.clear(request, action="login_failed_anywhere", key=user.email)
