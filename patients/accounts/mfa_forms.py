"""MFA forms around allauth's: failures are audited, and no code is accepted twice."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from allauth.core import context
from allauth.core.internal.cryptokit import normalize_user_code
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base.forms import AuthenticateForm, BaseAuthenticateForm, ReauthenticateForm
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.totp.internal.auth import SECRET_SESSION_KEY
from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    EditWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from allauth.mfa.webauthn.internal import auth as webauthn
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError

from patients.accounts import mfa
from patients.audit import audit_log
from patients.encryption import decrypt_secret, encrypt_secret
from patients.models import AuditEvent
from patients.validators import validate_plain_text

PASSKEY_NAME_MAX_LENGTH = 60
CODE_INPUT_ATTRIBUTES = {"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True, "maxlength": 20}


class AuditedCodeForm(BaseAuthenticateForm):
    """A code of the app, or one of the recovery codes."""

    code = forms.CharField(
        label="Code",
        max_length=20,
        widget=forms.TextInput(attrs=CODE_INPUT_ATTRIBUTES),
        help_text="The 6 digits that your app shows now, or one of your recovery codes.",
    )

    def clean_code(self) -> str:
        try:
            code = super().clean_code()
            app = self.authenticator.type == Authenticator.Type.TOTP
            if app and not mfa.consume_code(user=self.user, code=normalize_user_code(code)):
                raise get_adapter().validation_error("incorrect_code")
        except ValidationError as error:
            record_failed_mfa(self.user, error)
            raise
        return code


class SignInCodeForm(AuditedCodeForm, AuthenticateForm):
    pass


class ReauthenticateCodeForm(AuditedCodeForm, ReauthenticateForm):
    pass


class AuditedPasskeyForm(AuthenticateWebAuthnForm):
    def clean_credential(self) -> Authenticator:
        try:
            check_passkey_origin(self.cleaned_data["credential"], parse=webauthn.parse_authentication_response)
            return super().clean_credential()
        except ValidationError as error:
            record_failed_mfa(self.user, error)
            raise passkey_error(error) from error


class SignInPasskeyForm(AuditedPasskeyForm):
    pass


class ReauthenticatePasskeyForm(AuditedPasskeyForm, ReauthenticateWebAuthnForm):
    pass


class ActivateAuthenticatorAppForm(ActivateTOTPForm):
    """The secret is stored in the session until the first code confirms it; encrypted there too, for backups."""

    code = forms.CharField(
        label="The 6 digits that the app shows now", max_length=20, widget=forms.TextInput(attrs=CODE_INPUT_ATTRIBUTES)
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        session = context.request.session
        waiting = session.get(SECRET_SESSION_KEY)
        super().__init__(*args, **kwargs)
        if self.is_bound and waiting:
            self.secret = decrypt_secret(waiting)
        session[SECRET_SESSION_KEY] = encrypt_secret(self.secret)

    def clean_code(self) -> str:
        code = super().clean_code()
        if not mfa.consume_code(user=self.user, code=normalize_user_code(code)):
            raise get_adapter().validation_error("incorrect_code")
        return code


class PasskeyNameForm(forms.Form):
    name = forms.CharField(
        label="Name",
        max_length=PASSKEY_NAME_MAX_LENGTH,
        validators=[validate_plain_text],
        help_text="So that you know it again, such as “clinic laptop” or “blue key”.",
    )


class AddPasskeyForm(PasskeyNameForm, AddWebAuthnForm):
    def clean(self) -> dict[str, Any] | None:
        credential = self.cleaned_data.get("credential")
        try:
            if credential is not None:
                check_passkey_origin(credential, parse=webauthn.parse_registration_response)
            return super().clean()
        except ValidationError as error:
            raise passkey_error(error) from error


class RenamePasskeyForm(PasskeyNameForm, EditWebAuthnForm):
    pass


def check_passkey_origin(credential: Any, *, parse: Any) -> None:
    """Raises ValidationError unless the passkey's client data is readable and names our own origin."""
    try:
        origin = parse(credential).response.client_data.origin
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        raise get_adapter().validation_error("incorrect_code") from error
    site = urlsplit(settings.SITE_URL)
    if origin != f"{site.scheme}://{site.netloc}":
        raise get_adapter().validation_error("incorrect_code")


def passkey_error(error: ValidationError) -> ValidationError:
    """allauth's text speaks of codes here too."""
    return get_adapter().validation_error("passkey_refused") if error.code == "incorrect_code" else error


def record_failed_mfa(user: Any, error: ValidationError) -> None:
    locked = "too_many_login_attempts" in {part.code for part in error.error_list}
    audit_log.record_event(
        AuditEvent.Action.SIGN_IN_FAILED, by=None, target=f"user:{user.pk}", step="second", locked_out=locked
    )
