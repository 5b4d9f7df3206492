"""Staff accounts of the demo, and the passphrase that `make demo` prints."""

from __future__ import annotations

import re
import secrets
from pathlib import Path

from patients.models import Clinic, Role, User

ELM, HARBOR = "Elm Street Cardiology", "Harbor Family Medicine"
STAFF = (
    ("nadia", "Nadia Reyes, RN", Role.CLINICIAN, ELM),
    ("omar", "Omar Haddad, NP", Role.CLINICIAN, ELM),
    ("cora", "Cora Lind", Role.COORDINATOR, ELM),
    ("ada", "Ada Mensah", Role.ADMINISTRATOR, ELM),
    ("olaf", "Dr Olaf Brandt", Role.CLINICIAN, HARBOR),
    ("carmen", "Carmen Ruiz", Role.COORDINATOR, HARBOR),
)
PASSPHRASE_WORDS = (
    "amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heron", "inlet", "juniper", "lark", "maple",
)  # fmt: skip


def create_demo_staff(clinics: dict[str, Clinic], *, accounts: Path) -> dict[str, User]:
    """Users by first name. Their passphrase is read from the file `accounts`.

    Without the file, all get a new passphrase, which is written to it.
    """
    found = re.search(r"password for all: (\S+)", accounts.read_text(encoding="utf-8")) if accounts.exists() else None
    known = found[1] if found else None
    words = (secrets.choice(PASSPHRASE_WORDS) for _ in range(3))
    phrase = known or f"{'-'.join(words)}-{secrets.randbelow(90) + 10}"
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
        lines = [f"  {demo_email(name):<22} {Role(role).label}, {clinic}" for name, _, role, clinic in STAFF]
        accounts.write_text("\n".join([f"  password for all: {phrase}", "", *lines]) + "\n", encoding="utf-8")
    return staff


def coordinators_by_clinic(staff: dict[str, User]) -> dict[str, User]:
    """The coordinator of each clinic, by the clinic's name."""
    return {clinic: staff[name] for name, _, role, clinic in STAFF if role == Role.COORDINATOR}


def demo_email(name: str) -> str:
    return f"{name}@demo.example"
