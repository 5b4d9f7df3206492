"""An authenticator app and recovery codes for people of the tests."""

import time

from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value

from patients.accounts import mfa
from patients.models import AuditEvent
from tests.factories import PASSWORD

SIGN_IN, MFA_SIGN_IN, MFA_INDEX = "/accounts/login/", "/accounts/second-step/sign-in/", "/accounts/second-step/"
MFA_APP = "/accounts/second-step/app/"


def set_up_totp(user):
    """An app and recovery codes, as if set up before; returns the app's secret."""
    secret = generate_totp_secret()
    TOTP.activate(user, secret)
    RecoveryCodes.activate(user)
    return secret


def totp_code(secret, *, seconds=0):
    """What the app shows `seconds` from now."""
    return format_hotp_value(hotp_value(secret, int(time.time() + seconds) // 30))


def wrong_totp_code(secret):
    shown = {totp_code(secret, seconds=seconds) for seconds in (-60, -30, 0, 30, 60)}
    return next(guess for guess in ("000000", "111111", "222222", "333333", "444444", "555555") if guess not in shown)


def unused_recovery_codes(user):
    return Authenticator.objects.get(user=user, type="recovery_codes").wrap().get_unused_codes()


def mark_mfa_passed(client, user):
    """As if the session had passed the second step."""
    session = client.session
    mfa.mark_mfa_passed(session, user=user)
    session.save()


def sign_in(client, user, answer=None):
    """Password, then `answer` to the second step, if any."""
    first = client.post(SIGN_IN, {"login": user.email, "password": PASSWORD})
    return first if answer is None else client.post(MFA_SIGN_IN, {"code": answer})


def audit_events_with(action, **details):
    return AuditEvent.objects.filter(action=action, **{f"details__{name}": value for name, value in details.items()})
