"""Rows of a billing facts file about the patient: programmes, consent, orders, payers, ACCESS, approvals."""

from __future__ import annotations

import datetime as dt
from typing import Any

from measurements import facts_values as values
from measurements.billing.engine.date_ranges import DateRange
from measurements.billing.engine.facts import (
    AccessAlignment,
    Approval,
    Consent,
    Education,
    Enrolment,
    Exclusion,
    Order,
    PayerPeriod,
    PayerRule,
    PriorAuthorisation,
    Request,
    ServiceDate,
    ZoneChange,
)
from measurements.billing.facts_files.row_readers import (
    check_order,
    read_code,
    read_day_or_instant,
    read_month,
    read_override,
    read_programme,
    read_row,
)
from measurements.facts_values import list_of, read_object, refuse, require

SYSTEMS = {
    "respiratory": "respiratory",
    "musculoskeletal": "musculoskeletal",
    **dict.fromkeys(("behavioural", "behavioral", "cognitive_behavioural", "cognitive_behavioral"), "behavioural"),
}
SPANS = ("period", "window", "month")
FIRST_DAY_WORDS = ("first", "start", *(f"first_day_of_{span}" for span in SPANS), *(f"{span}_start" for span in SPANS))
LAST_DAY_WORDS = ("last", "end", *(f"last_day_of_{span}" for span in SPANS), *(f"{span}_end" for span in SPANS))
DAY_REACHED_WORDS = ("reached", "threshold", "sixteenth_day", "16th_day", "day_16")
SERVICE_DATES = {
    **{choice.value: choice for choice in ServiceDate},
    **dict.fromkeys(FIRST_DAY_WORDS, ServiceDate.FIRST_DAY),
    **dict.fromkeys(LAST_DAY_WORDS, ServiceDate.LAST_DAY),
    **dict.fromkeys(DAY_REACHED_WORDS, ServiceDate.DAY_REACHED),
}


def read_zone_change(value: Any, path: str) -> ZoneChange:
    given = read_object(value, path, {"zone": values.read_zone, "from": values.read_instant})
    require(given, path, "zone")
    return ZoneChange(given["zone"], given.get("from"))


def read_enrolment(value: Any, path: str) -> Enrolment:
    given = read_row(value, path, {"programme": read_programme, "system": read_system}, "programme")
    return Enrolment(**given)


def read_system(value: Any, path: str) -> str:
    name = values.read_name(value, path).casefold()
    return SYSTEMS[values.read_choice(*SYSTEMS)(name, path)]


def read_payers(value: Any, path: str) -> tuple[PayerPeriod, ...]:
    """A name, an object of one with dates, or a list of such."""
    if isinstance(value, list):
        return tuple(period for n, row in enumerate(value) for period in read_payers(row, f"{path}[{n}]"))
    if isinstance(value, str):
        return (PayerPeriod(payer=values.read_name(value, path)),)
    keys = {**dict.fromkeys(("payer", "name"), values.read_name), "member_id": values.read_any_name}
    given = read_row(value, path, keys)
    name = given.get("payer") or given.get("name")
    if not name:
        raise refuse(f"{path}.payer", "is missing")
    return (PayerPeriod(payer=name, start=given.get("start"), end=given.get("end")),)


def read_payer_rule(value: Any, path: str) -> PayerRule:
    keys = {
        "payer": values.read_any_name,
        "codes": list_of(read_code),
        "only_diagnoses": list_of(values.read_name),
        "first_diagnosis_only": values.read_boolean,
        "covered": values.read_boolean,
        "prior_authorisation": values.read_boolean,
        "least_days": read_least_days,
        "date_of_service": read_service_date,
        "source": values.read_text,
        "checked_by": values.read_any_name,
    }
    given = read_row(value, path, keys)
    names = {"covered": "is_covered", "prior_authorisation": "needs_prior_authorisation"}
    names |= {"first_diagnosis_only": "is_first_diagnosis_only"}
    fields = {names.get(key, key): found for key, found in given.items()}
    fields["codes"] = frozenset(fields.get("codes", ()))
    fields["only_diagnoses"] = tuple(fields.get("only_diagnoses", ()))
    return PayerRule(**fields)


def read_least_days(value: Any, path: str) -> int:
    """0 raises nothing."""
    return 0 if value == 0 and not isinstance(value, bool) else values.read_count(value, path)


def read_service_date(value: Any, path: str) -> ServiceDate:
    name = values.read_name(value, path).casefold().replace(" ", "_").replace("_the_", "_")
    return SERVICE_DATES[values.read_choice(*SERVICE_DATES)(name, path)]


def read_prior_authorisation(value: Any, path: str) -> PriorAuthorisation:
    return PriorAuthorisation(**read_row(value, path, {"code": read_code, "number": values.read_any_name}, "code"))


def read_consent(value: Any, path: str) -> Consent:
    texts = dict.fromkeys(("how", "by", "wording"), values.read_any_name)
    given = read_object(value, path, {"date": values.read_date, **texts, "revoked": read_day_or_instant})
    require(given, path, "date")
    return Consent(**given)


def read_order(value: Any, path: str) -> Order:
    texts = dict.fromkeys(("practitioner", "npi", "why"), values.read_any_name)
    dates = dict.fromkeys(("date", "ended"), values.read_date)
    given = read_object(value, path, {**dates, **texts, "diagnoses": list_of(values.read_name)})
    require(given, path, "date")
    check_order(given, path, "date", "ended")
    return Order(**{**given, "diagnoses": tuple(given.get("diagnoses", ()))})


def read_visit(value: Any, path: str) -> dt.date:
    """A date, or an object of it with its kind."""
    if isinstance(value, str):
        return values.read_date(value, path)
    texts = dict.fromkeys(("kind", "by"), values.read_text)
    given = read_object(value, path, {"date": values.read_date, **texts})
    require(given, path, "date")
    found: dt.date = given["date"]
    return found


def read_education(value: Any, path: str) -> Education:
    keys = {"date": values.read_date, "by": values.read_any_name, "programme": read_programme}
    given = read_object(value, path, keys)
    require(given, path, "date")
    return Education(**given)


def read_monitoring_period(value: Any, path: str) -> DateRange:
    keys = {"start": values.read_date, "end": values.read_date, "reason": values.read_text}
    given = read_object(value, path, keys)
    require(given, path, "start")
    check_order(given, path, "start", "end")
    return DateRange(start=given["start"], end=given.get("end"))


def read_attestation(value: Any, path: str) -> bool:
    """True: no other practice bills; an object of it with who and when attests it unless it says false."""
    if isinstance(value, bool):
        return value
    keys = {"attested": values.read_boolean, "date": values.read_date, "by": values.read_any_name}
    return bool(read_object(value, path, keys).get("attested", True))


def read_access(value: Any, path: str) -> tuple[AccessAlignment, ...]:
    """One alignment, or a list of them."""
    if isinstance(value, list):
        return tuple(row for n, found in enumerate(value) for row in read_access(found, f"{path}[{n}]"))
    given = read_row(value, path, {"track": values.read_text, "override": read_overrides})
    return (AccessAlignment(overrides=given.pop("override", ()), **given),)


def read_overrides(value: Any, path: str) -> tuple[Any, ...]:
    return (
        tuple(values.read_list(value, path, read_override))
        if isinstance(value, list)
        else (read_override(value, path),)
    )


def read_range(value: Any, path: str) -> DateRange:
    return DateRange(**read_row(value, path, {}))


def read_exclusion(value: Any, path: str) -> Exclusion:
    texts = {"by": values.read_any_name, "reason": values.read_text}
    instants = dict.fromkeys(("at", "undone_at"), values.read_instant)
    given = read_object(value, path, {"reading": values.read_id, **instants, **texts})
    require(given, path, "reading", "at")
    check_order(given, path, "at", "undone_at")
    return Exclusion(**given)


def read_approval(value: Any, path: str) -> Approval:
    keys = {
        "kind": values.read_choice("time", "line"),
        "window": values.read_date,
        "month": read_month,
        "code": read_code,
        "at": values.read_instant,
        "by": values.read_any_name,
        "reason": values.read_text,
    }
    given = read_object(value, path, keys)
    require(given, path, "kind", "at", *(("month",) if given.get("kind") == "time" else ("code",)))
    if given["kind"] == "line" and not given.keys() & {"window", "month"}:
        raise refuse(path, "needs window or month")
    is_line = given["kind"] == "line"
    return Approval(
        at=given["at"],
        by=given.get("by", ""),
        code=given["code"] if is_line else "",
        month=given.get("month"),
        window=given.get("window") if is_line else None,
        reason=given.get("reason", ""),
    )


def read_request(value: Any, path: str) -> Request:
    keys = {
        "code": values.read_choice("99091"),
        "month": read_month,
        "minutes": read_minutes,
        "by": values.read_any_name,
        "override": read_override,
    }
    given = read_object(value, path, keys)
    require(given, path, "code", "month")
    return Request(**given)


def read_minutes(value: Any, path: str) -> int:
    minutes = values.read_whole(value, path)
    if not 0 <= minutes <= 31 * 24 * 60:
        raise refuse(path, f"must be the minutes of a month, not {values.name_value(value)}")
    return minutes
