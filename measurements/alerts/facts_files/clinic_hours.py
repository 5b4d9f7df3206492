"""Working hours of a clinic in a facts file, by weekday, in the shapes in which people write them."""

from __future__ import annotations

from typing import Any

from measurements.alerts.facts_files import values
from measurements.alerts.facts_files.values import refuse

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
Periods = tuple[tuple[int, int], ...]
WORKING_DAYS = range(5)


def read_hours(value: Any, path: str) -> dict[int, Periods]:
    """`{"monday": [["08:00", "17:00"]]}`; a range such as `mon-fri` is several days; `["08:00", "17:00"]` is Monday
    to Friday; so is `{"from": "08:00", "to": "17:00"}`.
    """
    if isinstance(value, list) or (isinstance(value, dict) and set(value) & {"from", "open"}):
        return dict.fromkeys(WORKING_DAYS, read_periods(value, path))
    if not isinstance(value, dict):
        raise refuse(path, f"must be an object of periods by weekday, not {values.name_value(value)}")
    found: dict[int, Periods] = {}
    for key, periods in value.items():
        days = read_weekdays(key, path)
        found |= dict.fromkeys(days, read_periods(periods, f"{path}.{key}"))
    return found


def read_weekdays(key: str, path: str) -> range:
    """Monday, mon, 0 for Monday, or mon-fri."""
    if key in tuple("0123456"):
        return range(int(key), int(key) + 1)
    first, _, last = key.casefold().partition("-")
    ends = [find_weekday(name) for name in (first, last or first)]
    if None in ends or ends[0] > ends[1]:  # type: ignore[operator]
        raise refuse(path, f"unknown weekday {values.name_value(key)}; allowed are {', '.join(WEEKDAYS)}")
    return range(ends[0] or 0, (ends[1] or 0) + 1)


def find_weekday(name: str) -> int | None:
    found = [n for n, weekday in enumerate(WEEKDAYS) if len(name.strip()) >= 3 and weekday.startswith(name.strip())]
    return found[0] if found else None


def read_periods(value: Any, path: str) -> Periods:
    if value is None or value == []:
        return ()
    if isinstance(value, str) and "-" in value:
        value = value.split("-")
    if isinstance(value, dict):
        value = [value.get("from", value.get("open")), value.get("to", value.get("close", value.get("until")))]
    if not isinstance(value, list):
        raise refuse(path, f'must be periods such as [["08:00", "17:00"]], not {values.name_value(value)}')
    if len(value) == 2 and all(isinstance(part, str) for part in value):
        value = [value]
    return tuple(read_period(part, f"{path}[{position}]") for position, part in enumerate(value))


def read_period(value: Any, path: str) -> tuple[int, int]:
    if isinstance(value, dict):
        value = [value.get("from", value.get("open")), value.get("to", value.get("close", value.get("until")))]
    if not isinstance(value, list) or len(value) != 2:
        raise refuse(path, f"must be an opening and a closing time, not {values.name_value(value)}")
    opens, closes = (values.read_clock_time(str(part).strip(), path) for part in value)
    return opens.hour * 60 + opens.minute, closes.hour * 60 + closes.minute
