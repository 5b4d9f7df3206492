"""Strict reading of values in a facts file: each error names the key and what is allowed."""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?Z")
MOST_HOURS = 100_000
LARGEST_NUMBER = 10**9
YEARS = range(1900, 2200)
T = TypeVar("T")
ReadValue = Callable[[Any, str], T]


class FactsError(ValueError):
    """What is wrong with a facts file, in one line."""


def parse_json(text: str | bytes) -> Any:
    """Raises FactsError; a key that is there twice and a number that is none are errors too."""
    try:
        return json.loads(text, object_pairs_hook=unique_keys, parse_constant=refuse_constant)
    except (ValueError, RecursionError) as error:
        if isinstance(error, FactsError):
            raise
        raise FactsError(f"This is no JSON: {error}.") from error


def unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise FactsError(f"the key {key!r} is there twice")
        found[key] = value
    return found


def refuse_constant(name: str) -> None:
    raise FactsError(f"{name} is no number")


def refuse(path: str, words: str) -> FactsError:
    return FactsError(f"{path}: {words}" if path else words)


def name_value(value: Any) -> str:
    """For an error: at most 60 letters of it."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def read_object(value: Any, path: str, keys: Mapping[str, ReadValue[Any]]) -> dict[str, Any]:
    """The stated keys; null is the same as not stated. An unknown key is refused by name."""
    if not isinstance(value, dict):
        raise refuse(path, f"must be an object, not {name_value(value)}")
    for key in value:
        if key not in keys:
            raise refuse(path, f"unknown key {name_value(key)}; allowed are {', '.join(keys)}")
    prefix = f"{path}." if path else ""
    return {key: keys[key](found, f"{prefix}{key}") for key, found in value.items() if found is not None}


def read_list(value: Any, path: str, read: ReadValue[T]) -> list[T]:
    if not isinstance(value, list):
        raise refuse(path, f"must be a list, not {name_value(value)}")
    return [read(found, f"{path}[{position}]") for position, found in enumerate(value)]


def list_of(read: ReadValue[T]) -> ReadValue[list[T]]:
    return lambda value, path: read_list(value, path, read)


def read_text(value: Any, path: str) -> str:
    if not isinstance(value, str):
        raise refuse(path, f"must be a text, not {name_value(value)}")
    return value


def read_name(value: Any, path: str) -> str:
    """A text that isn't blank; a number is read as its digits."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not read_text(value, path).strip():
        raise refuse(path, "must not be empty")
    return str(value)


def read_any_name(value: Any, path: str) -> str:
    """Also an empty one, where none is named."""
    return "" if value == "" else read_name(value, path)


def read_id(value: Any, path: str) -> int | str:
    """A whole number, or a text that isn't blank; both stay what they are."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    return read_name(value, path)


def read_choice(*choices: str) -> ReadValue[str]:
    def read(value: Any, path: str) -> str:
        if value not in choices or not isinstance(value, str):
            raise refuse(path, f"must be one of {', '.join(choices)}, not {name_value(value)}")
        return value

    return read


def read_boolean(value: Any, path: str) -> bool:
    if not isinstance(value, bool):
        raise refuse(path, f"must be true or false, not {name_value(value)}")
    return value


def read_number(value: Any, path: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise refuse(path, f"must be a number, not {name_value(value)}")
    if abs(value) > LARGEST_NUMBER or not math.isfinite(value):
        raise refuse(path, f"must be a number of at most {LARGEST_NUMBER}, not {name_value(value)}")
    return float(value)


def read_hours_back(value: Any, path: str) -> float:
    """A number above 0, at most of some years."""
    hours = read_number(value, path)
    if not 0 < hours <= MOST_HOURS:
        raise refuse(path, f"must be above 0 and at most {MOST_HOURS}, not {name_value(value)}")
    return hours


def read_count(value: Any, path: str) -> int:
    """A whole number from 1; 2.0 is one."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or value != value // 1 or not 1 <= value <= 10_000:
        raise refuse(path, f"must be a whole number from 1, not {name_value(value)}")
    return int(value)


def read_whole(value: Any, path: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise refuse(path, f"must be a whole number, not {name_value(value)}")
    return value


def read_instant(value: Any, path: str) -> dt.datetime:
    words = f"must be an instant in UTC such as 2026-11-02T14:30:00Z, not {name_value(value)}"
    if not isinstance(value, str) or not INSTANT.fullmatch(value):
        raise refuse(path, words)
    try:
        found = dt.datetime.fromisoformat(value)
    except ValueError as error:
        raise refuse(path, words) from error
    check_year(found, path)
    return found


def read_date(value: Any, path: str) -> dt.date:
    words = f"must be a date such as 2026-11-02, not {name_value(value)}"
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        raise refuse(path, words)
    try:
        found = dt.date.fromisoformat(value)
    except ValueError as error:
        raise refuse(path, words) from error
    check_year(found, path)
    return found


def check_year(found: dt.date, path: str) -> None:
    """Days before and after it must be dates too."""
    if found.year not in YEARS:
        raise refuse(path, f"must be of the years {YEARS.start} to {YEARS.stop - 1}, not {found.year:04}")


def read_clock_time(value: Any, path: str) -> dt.time:
    words = f"must be a local time such as 07:30, not {name_value(value)}"
    if not isinstance(value, str) or not re.fullmatch(r"\d{1,2}:\d{2}(:\d{2})?", value):
        raise refuse(path, words)
    try:
        return dt.time.fromisoformat(value.zfill(5 if value.count(":") == 1 else 8))
    except ValueError as error:
        raise refuse(path, words) from error


def read_zone(value: Any, path: str) -> ZoneInfo:
    try:
        return ZoneInfo(read_name(value, path))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise refuse(path, f"must be a time zone such as America/New_York, not {name_value(value)}") from error


def require(given: Mapping[str, Any], path: str, *keys: str) -> None:
    for key in keys:
        if key not in given:
            raise refuse(f"{path}.{key}" if path else key, "is missing")
