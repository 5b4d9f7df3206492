from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError

from patients.accounts import invitations
from patients.folding import fold_name
from patients.models import Clinic, Role


class Command(BaseCommand):
    help = "Invite a person: mails a one-time link and prints it. A clinic that isn't there yet is made."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--email", required=True)
        parser.add_argument("--name", required=True)
        parser.add_argument("--role", required=True, choices=[role.value for role in Role if role])
        parser.add_argument("--clinic", required=True, action="append", help="its name; several times for several")

    def handle(self, *args: Any, **options: Any) -> None:
        clinics = [
            Clinic.objects.get_or_create(folded_name=fold_name(name), defaults={"name": name})[0]
            for name in options["clinic"]
        ]
        try:
            user = invitations.invite_user(
                email=options["email"], name=options["name"], role=options["role"], clinics=clinics, by=None
            )
        except ValidationError as error:
            raise CommandError("\n".join(error.messages)) from error
        self.stdout.write(f"Invited. The link works once, for seven days:\n{invitations.invitation_url(user)}")
