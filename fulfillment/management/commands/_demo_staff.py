"""Who works in the demo, and the passphrase that `make demo` prints."""

from __future__ import annotations

import re
import secrets
from pathlib import Path

from patients.models import Clinic, Role, User

ELM, HARBOR = "Elm Street Cardiology", "Harbor Family Medicine"
STAFF = (
    ("nadia", "Nadia Reyes, RN", Role.CLINICIAN, ELM),
    ("cora", "Cora Lind", Role.COORDINATOR, ELM),
    ("ada", "Ada Mensah", Role.ADMINISTRATOR, ELM),
    ("olaf", "Dr Olaf Brandt", Role.CLINICIAN, HARBOR),
    ("carmen", "Carmen Ruiz", Role.COORDINATOR, HARBOR),
)
PASSPHRASE_WORDS = (
    "amber",
    "birch",
    "cedar",
    "delta",
    "ember",
    "fjord",
    "grove",
    "heron",
    "inlet",
    "juniper",
    "lark",
    "maple",
)


def create_demo_staff(clinics: dict[str, Clinic], *, accounts: Path) -> dict[str, User]:
    """Everybody by first name. The file `accounts` tells their passphrase, and is written if it is not there.

    Without the file nobody could sign in any more, so then all get the passphrase of a new one.
    """
    known = read_passphrase(accounts)
    phrase = known or generate_passphrase()
    staff = {}
    for name, full_name, role, clinic in STAFF:
        user = User.objects.filter(email=demo_email(name)).first()
        if user is None:
            user = User.objects.create_user(
                demo_email(name), name=full_name, role=role, is_staff=role == Role.ADMINISTRATOR, password=phrase
            )
            user.clinics.set([clinics[clinic]])
        elif known is None:
            user.set_password(phrase)
            user.save(update_fields=["password"])
        staff[name] = user
    if known is None:
        accounts.write_text(accounts_file_text(phrase), encoding="utf-8")
    return staff


def coordinators_by_clinic(staff: dict[str, User]) -> dict[str, User]:
    """By clinic: who enrols and orders there."""
    return {clinic: staff[name] for name, _, role, clinic in STAFF if role == Role.COORDINATOR}


def demo_email(name: str) -> str:
    return f"{name}@demo.example"


def generate_passphrase() -> str:
    return "-".join(secrets.choice(PASSPHRASE_WORDS) for _ in range(3)) + f"-{secrets.randbelow(90) + 10}"


def read_passphrase(accounts: Path) -> str | None:
    found = re.search(r"password for all: (\S+)", accounts.read_text(encoding="utf-8")) if accounts.exists() else None
    return found[1] if found else None


def accounts_file_text(phrase: str) -> str:
    lines = [f"  {demo_email(name):<22} {Role(role).label}, {clinic}" for name, _, role, clinic in STAFF]
    return "\n".join([f"  password for all: {phrase}", "", *lines]) + "\n"
