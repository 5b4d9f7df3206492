"""MFA (second step): authenticator apps and passkeys, what a session has passed, and reset by an administrator."""

from __future__ import annotations

import datetime as dt
import time
from functools import partial
from typing import TYPE_CHECKING, Any

from allauth.mfa.models import Authenticator
from django.contrib.sessions.backends.base import SessionBase
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage
from django.db import transaction
from django.db.models import OuterRef, QuerySet, Subquery
from django.template.loader import render_to_string

from patients.audit import audit_log
from patients.encryption import decrypt_secret, encrypt_secret
from patients.models import AuditEvent, User

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

# Recovery codes are accepted too, but are never the only factor.
MFA_TYPES = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
# Keys of the secret in an authenticator's data, by type; of a passkey only the public key is stored.
SECRET_NAME_BY_TYPE = {Authenticator.Type.TOTP: "secret", Authenticator.Type.RECOVERY_CODES: "seed"}
# A code is valid in its 30 seconds and in the periods before and after.
CODE_LIFETIME_SECONDS = 90
MFA_SESSION_KEY = "second_step"
NOT_LOADED = object()


@transaction.atomic
def reencrypt_mfa_secrets() -> int:
    """Re-encrypt every secret with the first key. Returns how many; raises EncryptionKeyError and changes none."""
    rows = Authenticator.objects.select_for_update().filter(type__in=SECRET_NAME_BY_TYPE).order_by("pk")
    for row in rows:
        name = SECRET_NAME_BY_TYPE[Authenticator.Type(row.type)]
        row.data[name] = encrypt_secret(decrypt_secret(row.data[name]))
        row.save(update_fields=["data"])
    return len(rows)


def with_mfa_enabled_at(users: QuerySet[User]) -> QuerySet[User]:
    """Annotate `mfa_enabled_at`: when the oldest app or passkey that a user has now was set up, or None."""
    own = Authenticator.objects.filter(user=OuterRef("pk"), type__in=MFA_TYPES).order_by("created_at")
    return users.annotate(mfa_enabled_at=Subquery(own.values("created_at")[:1]))


def mfa_enabled_at(user: User | AnonymousUser) -> dt.datetime | None:
    """None: no MFA set up. The user of a session has the value already, without another query."""
    known: Any = getattr(user, "mfa_enabled_at", NOT_LOADED)
    if known is not NOT_LOADED:
        return known
    own = Authenticator.objects.filter(user_id=user.pk, type__in=MFA_TYPES).order_by("created_at")
    return own.values_list("created_at", flat=True).first()


def mark_mfa_passed(session: SessionBase, *, user: User) -> None:
    """Note in the session that MFA was passed or set up."""
    session[MFA_SESSION_KEY] = [user.pk, time.time()]


def has_passed_mfa(session: SessionBase, *, user: User | AnonymousUser) -> bool:
    """False if the factor was reset or removed since: a stolen session ends with the stolen phone's factor."""
    pk, at = session.get(MFA_SESSION_KEY, (None, 0.0))
    began = mfa_enabled_at(user)
    return pk == user.pk and began is not None and at >= began.timestamp()


def consume_code(*, user: User, code: str) -> bool:
    """False if this TOTP code was used before, while it is still valid. Stored in the database, like all limits."""
    return cache.add(f"second-step:{user.pk}:{code}", True, timeout=CODE_LIFETIME_SECONDS)


@transaction.atomic
def reset_mfa(*, user: User, by: User | None) -> None:
    """Remove the MFA of a user who lost phone and recovery codes; the next page asks to set it up anew.

    `by` None: a management command. Raises ValidationError: nothing to reset, or one's own MFA.
    """
    if user == by:
        raise ValidationError("Change your own two-step sign-in on your account's page.")
    if not Authenticator.objects.filter(user=user).delete()[0]:
        raise ValidationError("There is no two-step sign-in to reset.")
    audit_log.record_event(AuditEvent.Action.ACCOUNT, by=by, target=f"user:{user.pk}", change="reset two-step sign-in")
    body = render_to_string("account/email/second_step_reset_message.txt", {"user": user, "by": by})
    message = EmailMessage(subject="Your two-step sign-in was reset", body=body, to=[user.email])
    transaction.on_commit(partial(message.send), robust=True)
