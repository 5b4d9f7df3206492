from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from patients.accounts import mfa
from patients.encryption import EncryptionKeyError


class Command(BaseCommand):
    help = "Keep the secrets of all second steps by the first of MFA_ENCRYPTION_KEYS; the others may go then."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            count = mfa.reencrypt_mfa_secrets()
        except EncryptionKeyError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{count} secrets are kept by the first key.")
