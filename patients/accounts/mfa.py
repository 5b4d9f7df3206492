"""The second step of signing in, a code from an app or a passkey: who has one, who has passed it, and the way back."""

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

# Recovery codes open the door too, but nobody has only those.
MFA_TYPES = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
# Where each kind keeps what must not be read; of a passkey only the public half is here.
SECRET_NAME_BY_TYPE = {Authenticator.Type.TOTP: "secret", Authenticator.Type.RECOVERY_CODES: "seed"}
# A code is good in its half minute and in those beside it.
CODE_LIFETIME_SECONDS = 90
MFA_SESSION_KEY = "second_step"
NOT_LOADED = object()


@transaction.atomic
def reencrypt_mfa_secrets() -> int:
    """Every secret is kept by the first key from now on. Returns how many; raises NoKeyFits, changing none."""
    rows = Authenticator.objects.select_for_update().filter(type__in=SECRET_NAME_BY_TYPE).order_by("pk")
    for row in rows:
        name = SECRET_NAME_BY_TYPE[Authenticator.Type(row.type)]
        row.data[name] = encrypt_secret(decrypt_secret(row.data[name]))
        row.save(update_fields=["data"])
    return len(rows)


def with_mfa_enabled_at(users: QuerySet[User]) -> QuerySet[User]:
    """`mfa_enabled_at`: when the oldest app or passkey that a person has now was set up, or None."""
    own = Authenticator.objects.filter(user=OuterRef("pk"), type__in=MFA_TYPES).order_by("created_at")
    return users.annotate(mfa_enabled_at=Subquery(own.values("created_at")[:1]))


def mfa_enabled_at(user: User | AnonymousUser) -> dt.datetime | None:
    """None: has no second step. Who comes from a session was asked together with it, at no query more."""
    known: Any = getattr(user, "mfa_enabled_at", NOT_LOADED)
    if known is not NOT_LOADED:
        return known
    own = Authenticator.objects.filter(user_id=user.pk, type__in=MFA_TYPES).order_by("created_at")
    return own.values_list("created_at", flat=True).first()


def mark_mfa_passed(session: SessionBase, *, user: User) -> None:
    """This session has passed the second step, or set it up."""
    session[MFA_SESSION_KEY] = [user.pk, time.time()]


def has_passed_mfa(session: SessionBase, *, user: User | AnonymousUser) -> bool:
    """Not by a step that was reset or taken away since: whoever stole a phone and a session keeps neither."""
    pk, at = session.get(MFA_SESSION_KEY, (None, 0.0))
    began = mfa_enabled_at(user)
    return pk == user.pk and began is not None and at >= began.timestamp()


def consume_code(*, user: User, code: str) -> bool:
    """False if this code of the app was used before, while it is still good. Kept in the database, like all limits."""
    return cache.add(f"second-step:{user.pk}:{code}", True, timeout=CODE_LIFETIME_SECONDS)


@transaction.atomic
def reset_mfa(*, user: User, by: User | None) -> None:
    """For somebody who lost phone and recovery codes: the next page that they open asks to set up a new second step.
    `by` None: the shell.

    Raises ValidationError: nothing to reset, or one's own, which one changes with it and not around it.
    """
    if user == by:
        raise ValidationError("Change your own second step on your account's page.")
    if not Authenticator.objects.filter(user=user).delete()[0]:
        raise ValidationError("There is no second step to reset.")
    audit_log.record_event(AuditEvent.Action.ACCOUNT, by=by, target=f"user:{user.pk}", change="reset the second step")
    body = render_to_string("account/email/second_step_reset_message.txt", {"user": user, "by": by})
    message = EmailMessage(subject="Your second step was reset", body=body, to=[user.email])
    transaction.on_commit(partial(message.send), robust=True)
