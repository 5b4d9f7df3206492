"""Readers of what rows of a billing facts file have in common: date ranges, months, choices, overrides."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

from measurements import facts_values as values
from measurements.billing.engine.code_rules import Programme
from measurements.billing.engine.date_ranges import parse_month
from measurements.billing.engine.facts import Override
from measurements.facts_values import ReadValue, read_object, refuse, require

E = TypeVar("E", bound=StrEnum)
RANGE_KEYS: Mapping[str, ReadValue[Any]] = {"from": values.read_date, "until": values.read_date}


def choice_of(kinds: type[E]) -> ReadValue[E]:
    return lambda value, path: kinds(values.read_choice(*kinds)(value, path))


read_programme = choice_of(Programme)


def read_row(value: Any, path: str, keys: Mapping[str, ReadValue[Any]], *required: str) -> dict[str, Any]:
    """Of an object with `from` and `until`, which become `start` and `end`."""
    given = read_object(value, path, {**keys, **RANGE_KEYS})
    require(given, path, *required)
    check_order(given, path, "from", "until")
    for key, field in (("from", "start"), ("until", "end")):
        if key in given:
            given[field] = given.pop(key)
    return given


def check_order(given: Mapping[str, Any], path: str, first: str, last: str) -> None:
    if first in given and last in given and given[last] < given[first]:
        raise refuse(f"{path}.{last}", f"must not be before {first}")


def read_month(value: Any, path: str) -> dt.date:
    """Its first day."""
    month = parse_month(value) if isinstance(value, str) else None
    if month is None:
        raise refuse(path, f"must be a month such as 2026-11, not {values.name_value(value)}")
    return month


def read_code(value: Any, path: str) -> str:
    """Five letters or digits; also one that no rule knows."""
    code = values.read_name(value, path).strip().upper()
    if not re.fullmatch(r"[A-Z0-9]{5}", code):
        raise refuse(path, f"must be a code of 5 letters or digits, not {values.name_value(value)}")
    return code


def read_override(value: Any, path: str) -> Override:
    """A reason, or an object of it with who and when."""
    if isinstance(value, str):
        return Override(value)
    given = read_object(
        value,
        path,
        {
            "reason": values.read_text,
            "by": values.read_any_name,
            "at": values.read_instant,
            "code": read_code,
            "month": read_month,
            "window": values.read_date,
        },
    )
    require(given, path, "reason")
    return Override(**given)


def read_day_or_instant(value: Any, path: str) -> dt.date | dt.datetime:
    return (
        values.read_instant(value, path) if isinstance(value, str) and "T" in value else values.read_date(value, path)
    )
