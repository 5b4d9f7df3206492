from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from patients.accounts import invitations, mfa


class Command(BaseCommand):
    help = "Reset the MFA of an account, such as a superuser's; for others an administrator can do it in the admin."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--email", required=True)

    def handle(self, *args: Any, **options: Any) -> None:
        user = invitations.find_user_by_email(options["email"])
        if user is None:
            raise CommandError("No account has this address.")
        try:
            mfa.reset_mfa(user=user, by=None)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        self.stdout.write("Reset. The next page that this person opens asks to set up two-step sign-in anew.")
