"""Settings of a billing facts file."""

from __future__ import annotations

from typing import Any

from measurements import facts_values as values
from measurements.billing.engine.code_rules import MINUTE_CODES
from measurements.billing.engine.facts import Settings
from measurements.facts_values import list_of, read_object, refuse

IDLE_SECONDS = range(60, 301)


def read_settings(value: Any, path: str) -> Settings:
    given = read_object(value, path, SETTING_KEYS)
    if "confirmed_years" in given:
        given["confirmed_years"] = frozenset(given["confirmed_years"])
    return Settings(**given)


def read_idle_seconds(value: Any, path: str) -> int:
    seconds = values.read_whole(value, path)
    if seconds not in IDLE_SECONDS:
        raise refuse(path, f"must be {IDLE_SECONDS.start} to {IDLE_SECONDS.stop - 1}, not {values.name_value(value)}")
    return seconds


def read_year(value: Any, path: str) -> int:
    year = values.read_whole(value, path)
    if year not in values.YEARS:
        raise refuse(path, f"must be a year such as 2026, not {values.name_value(value)}")
    return year


def read_most_units(value: Any, path: str) -> int:
    """0: none at all."""
    return 0 if value == 0 and not isinstance(value, bool) else values.read_count(value, path)


def read_credentials(value: Any, path: str) -> dict[str, frozenset[str]]:
    keys = dict.fromkeys(MINUTE_CODES.values(), list_of(values.read_name))
    return {code: frozenset(found) for code, found in read_object(value, path, keys).items()}


SETTING_KEYS: dict[str, values.ReadValue[Any]] = {
    "setup_min_days": values.read_count,
    **dict.fromkeys(("messages_are_live", "two_people_count_both"), values.read_boolean),
    "max_units_additional": read_most_units,
    "idle_seconds": read_idle_seconds,
    "confirmed_years": list_of(read_year),
    **dict.fromkeys(("requires_practice_employee_from", "windows_anew_from"), values.read_date),
    **dict.fromkeys(("late_orders_refused", "setup_on_education", "self_reported_counts"), values.read_boolean),
    "rtm_established_from": values.read_date,
    "late_readings_days": values.read_count,
    "credentials": read_credentials,
}
