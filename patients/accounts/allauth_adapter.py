"""allauth adapters: no sign-up, the client's IP address behind proxies, and sign-in lockout by account and address."""

from __future__ import annotations

import time
from functools import partial
from typing import Any, ClassVar
from urllib.parse import urlsplit

from allauth.account import app_settings as account_settings
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.authentication import get_authentication_records
from allauth.core import context
from allauth.core.internal import ratelimit
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.urls import reverse

from patients import encryption
from patients.accounts import invitations
from patients.audit import audit_log
from patients.client_ip import get_client_ip as client_address
from patients.models import AuditEvent
from patients.permissions import home_url_for

PRODUCT_NAME = "Vitals at Home"
REAUTHENTICATION_LABELS = {
    "mfa_reauthenticate": "Use a code from the app, or a recovery code",
    "mfa_reauthenticate:webauthn": "Use a passkey",
}

# Texts of the security mails that an account's owner gets.
ACCOUNT_CHANGE_MESSAGES = {
    "account/email/password_changed": "The password was changed.",
    "account/email/password_set": "A password was chosen.",
    "account/email/password_reset": "A new password was chosen through a link that was mailed to this address.",
    "mfa/email/totp_activated": "An authenticator app was set up.",
    "mfa/email/totp_deactivated": "The authenticator app was removed.",
    "mfa/email/recovery_codes_generated": "New recovery codes were made; the old ones stopped working.",
    "mfa/email/webauthn_added": "A passkey was added.",
    "mfa/email/webauthn_removed": "A passkey was removed.",
}


class AccountAdapter(DefaultAccountAdapter):
    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": "This e-mail address and this password don't belong together. Please try again.",
        "too_many_login_attempts": "Too many attempts. Wait a quarter of an hour, or choose a new password by mail: "
        "“Forgot your password?” below.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def get_client_ip(self, request: HttpRequest) -> str:
        return client_address(request) or "local"

    def get_login_redirect_url(self, request: HttpRequest) -> str:
        return home_url_for(request.user)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        return home_url_for(request.user)

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        """Account and address together, so that failures elsewhere don't lock a nurse out at her own desk."""
        return f"{credentials.get('email', '').lower()} {self.get_client_ip(request)}"

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count before the password is checked; also per account over all addresses, against distributed guessing."""
        email = credentials.get("email", "").lower()
        anywhere = ratelimit.consume(request, app="allauth.account", action="login_failed_anywhere", key=email)
        try:
            if not anywhere:
                raise self.validation_error("too_many_login_attempts")
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            self.record_failed_sign_in(email, locked=True)
            raise
        self._email_rate_usage = anywhere

    def _rollback_login_failed_rl_usage(self) -> None:
        super()._rollback_login_failed_rl_usage()
        self._email_rate_usage.rollback()

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        self.record_failed_sign_in(credentials.get("email", ""), locked=False)

    def record_failed_sign_in(self, email: str, *, locked: bool) -> None:
        """The typed text is stored only if it is an account's address: it may have been a password."""
        user = invitations.find_user_by_email(email)
        audit_log.record_event(
            AuditEvent.Action.SIGN_IN_FAILED, by=None, target=f"user:{user.pk}" if user else "", locked_out=locked
        )

    def reauthenticate(self, user: AbstractBaseUser, password: str) -> bool:
        """By the account's own address; counts towards the lockout like a sign-in."""
        found = self.authenticate(context.request, email=getattr(user, "email", ""), password=password)
        return found is not None and found.pk == user.pk

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """A user who has just signed in isn't asked for the same factor again."""
        records = get_authentication_records(context.request, context.request.user)
        last = max((record["at"] for record in records), default=0.0)
        if time.time() - last < account_settings.REAUTHENTICATION_TIMEOUT:
            return False
        return super().is_reauthentication_required(app=app, **kwargs)

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """A password alone never changes the MFA of a user who has set it up."""
        methods = super().get_reauthentication_methods(user)
        strong = [entry for entry in methods if entry["id"] != "reauthenticate"]
        for entry in strong:
            entry["description"] = REAUTHENTICATION_LABELS[entry["id"]]
        return strong or methods

    def get_reset_password_from_key_url(self, key: str) -> str:
        path = reverse("account_reset_password_from_key", kwargs={"uidb36": "UID", "key": "KEY"})
        return invitations.absolute_url(path.replace("UID-KEY", key))

    def set_password(self, user: AbstractBaseUser, password: str) -> None:
        user.set_password(password)
        user.save(update_fields=["password"])

    def send_notification_mail(self, template_prefix: str, user: Any, *_: Any, **__: Any) -> None:
        """Always send: the owner sees within minutes that a stolen session changed a password or a factor."""
        invitations.notify_account_change(user=user, change=ACCOUNT_CHANGE_MESSAGES[template_prefix])

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Sent after the commit: a slow mail server must hold no transaction open."""
        message = self.render_mail(template_prefix, email, {"site_url": settings.SITE_URL, **context})
        transaction.on_commit(partial(message.send), robust=True)


class MFAAdapter(DefaultMFAAdapter):
    """Secrets are encrypted, and passkeys belong to the address that SITE_URL names, whatever a request claims."""

    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultMFAAdapter.error_messages,
        "incorrect_code": "That isn't right, or was used already. An app shows a new code every half minute.",
        "passkey_refused": "This passkey wasn't accepted. Please try again, or take another way.",
    }

    def encrypt(self, text: str) -> str:
        return encryption.encrypt_secret(text)

    def decrypt(self, encrypted_text: str) -> str:
        return encryption.decrypt_secret(encrypted_text)

    def get_totp_issuer(self) -> str:
        return PRODUCT_NAME

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        return {"id": urlsplit(settings.SITE_URL).hostname or "", "name": PRODUCT_NAME}

    def generate_authenticator_name(self, user: AbstractBaseUser, type: Authenticator.Type) -> str:  # noqa: A002  allauth's
        count = Authenticator.objects.filter(user_id=user.pk, type=type).count()
        return f"Passkey {count + 1}"
