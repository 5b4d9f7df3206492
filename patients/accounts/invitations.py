"""Accounts: invitation by a one-time link, activation with an own password, and deactivation at once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from functools import partial
from typing import Any

from django.conf import settings
from django.core import signing
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.crypto import constant_time_compare, salted_hmac

from patients.accounts.administrators import require_remaining_administrator
from patients.audit import audit_log
from patients.care import team
from patients.models import AuditEvent, Clinic, Role, User
from patients.models.audit import AuditAction

INVITATION_LIFETIME = dt.timedelta(days=7)
INVITATION_SALT = "patients.accounts.invitations.invitation"


class InvitationExpired(Exception):
    """The link was used, replaced by a newer one, withdrawn, truncated in the mail, or is older than seven days."""


def find_user_by_email(email: str) -> User | None:
    return User.objects.filter(email__iexact=email.strip()).first() if email else None


@transaction.atomic
def invite_user(*, email: str, name: str, role: str, clinics: Iterable[Clinic], by: User | None) -> User:
    """Create an inactive account and mail its one-time link after the commit. `by` None: a management command.

    Raises ValidationError by field: an address in use, no clinic, a clinic that isn't the inviter's.
    """
    chosen = list(clinics)
    check_inviter_clinics(chosen, by=by)
    user = User(email=email.strip().lower(), name=name.strip(), role=role, is_active=False)
    user.set_unusable_password()
    update_staff_status(user)
    user.full_clean(exclude=["password"])
    user.save()
    user.clinics.set(chosen)
    record_account_event(AuditEvent.Action.INVITE, user, by=by, role=role, clinics=[clinic.pk for clinic in chosen])
    email_invitation(user)
    return user


@transaction.atomic
def resend_invitation(*, user: User, by: User | None) -> None:
    """Mail a new link; earlier ones stop working. This also reopens a deactivated account."""
    if user.is_active:
        raise ValidationError("This account is open; its owner can reset the password by e-mail.")
    user.set_unusable_password()  # random each time, and part of the link's fingerprint
    user.save(update_fields=["password"])
    record_account_event(AuditEvent.Action.INVITE, user, by=by, again=True)
    email_invitation(user)


@transaction.atomic
def accept_invitation(*, token: str, password: str) -> User:
    """Activate the account with the password that its owner chose. Raises InvitationExpired if the link was used."""
    user = get_invited_user(token, locked=True)
    user.set_password(password)
    user.is_active = True
    user.save(update_fields=["password", "is_active"])
    record_account_event(AuditEvent.Action.ACCOUNT, user, by=user, change="accepted the invitation")
    return user


@transaction.atomic
def deactivate_user(*, user: User, by: User) -> None:
    """Sign out with the next request: sessions, reset links and invitations depend on the removed password.

    Raises ValidationError for one's own account and for the last administrator of a clinic.
    """
    if user == by:
        raise ValidationError("You can't deactivate your own account.")
    require_remaining_administrator(user, role=user.role, is_active=False)
    user.is_active = False
    user.set_unusable_password()
    user.save(update_fields=["is_active", "password"])
    record_account_event(AuditEvent.Action.ACCOUNT, user, by=by, change="deactivated")
    team.end_lost_memberships(user=user, by=by)


def notify_account_change(*, user: User, change: str) -> None:
    """Mail the owner, after the commit, that the password or a factor of the account was changed."""
    body = render_to_string("account/email/changed_message.txt", {"user": user, "change": change})
    message = EmailMessage(subject="A change to your account at Vitals at Home", body=body, to=[user.email])
    transaction.on_commit(partial(message.send), robust=True)


def invitation_url(user: User) -> str:
    token = signing.dumps([user.pk, invitation_fingerprint(user)], salt=INVITATION_SALT)
    return absolute_url(reverse("account_accept_invitation", args=[token]))


def absolute_url(path: str) -> str:
    """Links in mails use SITE_URL, never the host that a request claims."""
    if not settings.SITE_URL:
        raise ImproperlyConfigured("SITE_URL is empty: links in mails need the address under which people reach us.")
    return f"{settings.SITE_URL}{path}"


def update_staff_status(user: User) -> None:
    """After a change of the role: only administrators and superusers may open the admin."""
    user.is_staff = user.is_superuser or user.role == Role.ADMINISTRATOR


def check_inviter_clinics(clinics: list[Clinic], *, by: User | None) -> None:
    if not clinics:
        raise ValidationError({"clinics": "Choose at least one clinic."})
    own = None if by is None or by.is_superuser else set(by.clinics.values_list("pk", flat=True))
    if own is not None and any(clinic.pk not in own for clinic in clinics):
        raise ValidationError({"clinics": "You can invite people to your own clinics only."})


def get_invited_user(token: str, *, locked: bool = False) -> User:
    """The invited user of this link. Raises InvitationExpired."""
    try:
        pk, fingerprint = signing.loads(token, salt=INVITATION_SALT, max_age=INVITATION_LIFETIME)
    except (signing.BadSignature, ValueError) as error:
        raise InvitationExpired from error
    users = User.objects.select_for_update() if locked else User.objects.all()
    user = users.filter(pk=pk, is_active=False).first()
    if user is None or not constant_time_compare(fingerprint, invitation_fingerprint(user)):
        raise InvitationExpired
    return user


def invitation_fingerprint(user: User) -> str:
    return salted_hmac(INVITATION_SALT, f"{user.password} {user.email}", algorithm="sha256").hexdigest()[:32]


def email_invitation(user: User) -> None:
    context = {"user": user, "link": invitation_url(user), "days": INVITATION_LIFETIME.days}
    body = render_to_string("account/email/invitation_message.txt", context)
    message = EmailMessage(subject="Your invitation to Vitals at Home", body=body, to=[user.email])
    # Robust: a failing mail server is logged and the account stays; "Invite again" sends another link.
    transaction.on_commit(partial(message.send), robust=True)


def record_account_event(action: AuditAction, user: User, *, by: User | None, **details: Any) -> None:
    audit_log.record_event(action, by=by, target=f"user:{user.pk}", **details)
