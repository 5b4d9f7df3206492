"""People whose time may be credited: credential on file, and employment where the rules of the year ask for it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from measurements.billing.engine.code_rules import (
    CLINICAL_CREDENTIALS,
    MINUTE_CODES,
    PRACTITIONER_CREDENTIALS,
    Programme,
)
from measurements.billing.engine.known import Known
from measurements.billing.engine.staff import EmploymentKind


def may_be_credited(
    known: Known, person_id: str, day: dt.date, programme: Programme, service: dt.date | None = None
) -> bool:
    """On `day`. `service`: the line's date of service, by which employment by the practice is asked for or not."""
    person = known.staff.get(person_id)
    allowed = known.settings.credentials.get(MINUTE_CODES.get(programme, ""), CLINICAL_CREDENTIALS)
    if person is None or not has_credential(person.credential_on(day), allowed):
        return False
    asked_from = known.settings.requires_practice_employee_from
    if asked_from is None or service is None or service < asked_from:
        return True
    return any(row.kind is EmploymentKind.PRACTICE_EMPLOYEE and row.contains(day) for row in person.employment)


def is_practitioner(known: Known, person_id: str) -> bool:
    """A physician or another qualified health care professional, who may ask for 99091."""
    person = known.staff.get(person_id)
    return person is not None and has_credential(person.credential_on(known.clinic_today), PRACTITIONER_CREDENTIALS)


def has_credential(credential: str, allowed: Iterable[str]) -> bool:
    """Any of several that are written one after the other, such as MSN, RN."""
    text = credential.upper().replace(".", "")
    words = {text.strip(), *text.replace(",", " ").replace("/", " ").split()}
    return not words.isdisjoint({one.upper().replace(".", "") for one in allowed})
