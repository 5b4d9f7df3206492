"""Encryption of MFA secrets in the database by the keys of MFA_ENCRYPTION_KEYS."""

from __future__ import annotations

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured


class EncryptionKeyError(ImproperlyConfigured):
    """MFA_ENCRYPTION_KEYS is empty or holds a bad key, or none of them made this secret."""


def encrypt_secret(text: str) -> str:
    """Encrypt with the first key; decryption tries all."""
    return load_encryption_keys().encrypt(text.encode()).decode()


def decrypt_secret(encrypted: str) -> str:
    """Raises EncryptionKeyError."""
    try:
        return load_encryption_keys().decrypt(encrypted).decode()
    except InvalidToken as error:
        raise EncryptionKeyError(
            "No key in MFA_ENCRYPTION_KEYS opens this secret; was one removed before rotating?"
        ) from error


def encryption_key_problem() -> str:
    """Why the keys can't be used; empty when they can."""
    try:
        load_encryption_keys()
    except EncryptionKeyError as error:
        return str(error)
    return ""


def load_encryption_keys() -> MultiFernet:
    if not settings.MFA_ENCRYPTION_KEYS:
        raise EncryptionKeyError("MFA_ENCRYPTION_KEYS is empty: the secrets of second steps couldn't be stored")
    try:
        return MultiFernet([Fernet(key) for key in settings.MFA_ENCRYPTION_KEYS])
    except ValueError as error:
        raise EncryptionKeyError("MFA_ENCRYPTION_KEYS: each key is 32 random bytes in URL-safe base64") from error
