from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from patients.accounts import mfa
from patients.encryption import EncryptionKeyError
from patients.wording import count_noun


class Command(BaseCommand):
    help = "Re-encrypt all MFA secrets with the first of MFA_ENCRYPTION_KEYS; the other keys can then be removed."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            count = mfa.reencrypt_mfa_secrets()
        except EncryptionKeyError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{count_noun(count, 'secret')} encrypted with the first key.")
