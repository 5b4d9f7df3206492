"""Edit notices: what a change of a patient does not reach by itself, registered by the apps that know it."""

from __future__ import annotations

from collections.abc import Callable

from patients.models import Patient

CONTACT_FIELDS = frozenset(
    ("given_name", "family_name", "phone", "sms_consent", "street", "street_2", "city", "state", "zip_code")
)
CONTACT_NOTICES: list[Callable[[Patient], list[str]]] = []


def register_contact_notice(find: Callable[[Patient], list[str]]) -> Callable[[Patient], list[str]]:
    """`find` returns texts for the user who has changed a name, phone or address. They name no patient."""
    CONTACT_NOTICES.append(find)
    return find


def contact_notices(patient: Patient) -> list[str]:
    return [text for find in CONTACT_NOTICES for text in find(patient)]
