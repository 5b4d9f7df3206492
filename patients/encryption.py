"""Secrets that the database keeps and nobody reads there: encrypted by the keys of the environment."""

from __future__ import annotations

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


class NoKeyFits(ImproperlyConfigured):
    """MFA_ENCRYPTION_KEYS is empty or holds a bad key, or none of them made this secret."""


def conceal(text: str) -> str:
    """By the first key; `reveal` tries all."""
    return _keys().encrypt(text.encode()).decode()


def reveal(concealed: str) -> str:
    """Raises NoKeyFits."""
    try:
        return _keys().decrypt(concealed).decode()
    except InvalidToken as error:
        raise NoKeyFits("No key in MFA_ENCRYPTION_KEYS opens this secret; was one removed before rotating?") from error


def why_unfit() -> str:
    """Why the keys can't be used; empty when they can."""
    try:
        _keys()
    except NoKeyFits as error:
        return str(error)
    return ""


def _keys() -> MultiFernet:
    if not settings.MFA_ENCRYPTION_KEYS:
        raise NoKeyFits("MFA_ENCRYPTION_KEYS is empty: the secrets of second steps couldn't be kept")
    try:
        return MultiFernet([Fernet(key) for key in settings.MFA_ENCRYPTION_KEYS])
    except ValueError as error:
        raise NoKeyFits("MFA_ENCRYPTION_KEYS: each key is 32 random bytes in URL-safe base64") from error
