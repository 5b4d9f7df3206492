"""What a changed name, phone or address of a patient reaches, and what it does not; registered by other apps."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from patients.models import Patient, User

CONTACT_FIELDS = frozenset(
    ("given_name", "family_name", "phone", "sms_consent", "email", "street", "street_2", "city", "state", "zip_code")
)
CONTACT_NOTICES: list[Callable[[Patient], list[str]]] = []
CONTACT_CHANGES: list[Callable[[Patient, User], object]] = []


def register_contact_notice(find: Callable[[Patient], list[str]]) -> Callable[[Patient], list[str]]:
    """`find` returns texts for the user who has changed a name, phone or address. They name no patient."""
    CONTACT_NOTICES.append(find)
    return find


def register_contact_change(apply: Callable[[Patient, User], object]) -> Callable[[Patient, User], object]:
    """`apply` runs in the transaction of the edit that changed a name, phone or address."""
    CONTACT_CHANGES.append(apply)
    return apply


def apply_contact_changes(patient: Patient, changed: Iterable[str], *, by: User) -> None:
    if CONTACT_FIELDS.intersection(changed):
        for apply in CONTACT_CHANGES:
            apply(patient, by)


def contact_notices(patient: Patient) -> list[str]:
    return [text for find in CONTACT_NOTICES for text in find(patient)]
