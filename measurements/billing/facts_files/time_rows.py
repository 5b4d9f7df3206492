"""Rows of a billing facts file about people and their time: staff, sessions, contacts."""

from __future__ import annotations

from typing import Any

from measurements import facts_values as values
from measurements.billing.engine.facts import (
    Contact,
    ContactMode,
    EndReason,
    Mode,
    Outcome,
    Session,
    Source,
)
from measurements.billing.engine.staff import Employment, EmploymentKind, Person
from measurements.billing.facts_files.row_readers import check_order, choice_of, read_programme, read_row
from measurements.facts_values import list_of, read_object, require

SESSION_KEYS: dict[str, values.ReadValue[Any]] = {
    "id": values.read_id,
    **dict.fromkeys(("person", "patient"), values.read_name),
    "programme": read_programme,
    "activity": values.read_text,
    "mode": choice_of(Mode),
    "source": choice_of(Source),
    **dict.fromkeys(("start", "last_activity", "last_seen", "end"), values.read_instant),
    "end_reason": choice_of(EndReason),
    "entered_at": values.read_instant,
}


def read_person(value: Any, path: str) -> Person:
    keys = {
        "id": values.read_name,
        "credential": values.read_any_name,
        "billing_practitioner": values.read_boolean,
        "employment": list_of(read_employment),
    }
    given = read_object(value, path, keys)
    require(given, path, "id")
    return Person(
        given["id"],
        given.get("credential", ""),
        given.get("billing_practitioner"),
        tuple(given.get("employment", ())),
    )


def read_employment(value: Any, path: str) -> Employment:
    return Employment(**read_row(value, path, {"kind": choice_of(EmploymentKind)}, "kind"))


def read_session(value: Any, path: str) -> Session:
    """One without id is named by its person and start."""
    given = read_object(value, path, SESSION_KEYS)
    require(given, path, "person", "start")
    check_order(given, path, "start", "end")
    check_order(given, path, "start", "last_activity")
    given.setdefault("id", f"{given['person']} {given['start']:%Y-%m-%dT%H:%M:%S}")
    return Session(**given)


def read_contact(value: Any, path: str) -> Contact:
    keys = {
        "at": values.read_instant,
        "by": values.read_any_name,
        "mode": choice_of(ContactMode),
        **dict.fromkeys(("live", "automatic"), values.read_boolean),
        "outcome": choice_of(Outcome),
    }
    given = read_object(value, path, keys)
    require(given, path, "at")
    names = {"live": "is_live", "automatic": "is_automatic"}
    return Contact(**{names.get(key, key): found for key, found in given.items()})
