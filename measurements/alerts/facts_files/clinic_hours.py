"""Working hours of a clinic in a facts file, by weekday, in the shapes in which people write them."""

from __future__ import annotations

from typing import Any

from measurements import facts_values as values
from measurements.facts_values import refuse

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
ISO_SUNDAY = "7"
DAY_GROUPS = {"weekdays": range(5), "weekend": range(5, 7), "daily": range(7), "every day": range(7)}
OPENING_KEYS, CLOSING_KEYS = ("from", "open", "opens", "start"), ("to", "until", "close", "closes", "end")
DAY_KEYS = ("weekday", "day", "days", "weekdays")
Periods = tuple[tuple[int, int], ...]


def read_hours(value: Any, path: str) -> dict[int, Periods]:
    """`{"monday": [["08:00", "17:00"]]}`, also `mon-fri`, `weekdays` or 0 for Monday (1 where there is a 7).

    One period without a day is that of Monday to Friday; a list may hold periods that name their day.
    """
    if isinstance(value, list) and any(names_day(row) for row in value):
        return read_rows(value, path)
    if isinstance(value, list | str) or (isinstance(value, dict) and set(value) & set(OPENING_KEYS)):
        return dict.fromkeys(DAY_GROUPS["weekdays"], read_periods(value, path))
    if not isinstance(value, dict):
        raise refuse(path, f"must be an object of periods by weekday, not {values.name_value(value)}")
    found: dict[int, Periods] = {}
    is_iso = ISO_SUNDAY in value  # numbers from 1 for Monday
    for key, periods in value.items():
        name = str(int(key) - 1) if is_iso and key in tuple("1234567") else key
        found |= dict.fromkeys(read_weekdays(name, path), read_periods(periods, f"{path}.{key}"))
    return found


def names_day(row: Any) -> bool:
    return (isinstance(row, list) and len(row) == 3) or (isinstance(row, dict) and bool(set(row) & set(DAY_KEYS)))


def read_rows(rows: list[Any], path: str) -> dict[int, Periods]:
    """Rows such as `["monday", "08:00", "17:00"]` or `{"weekday": 0, "from": "08:00", "to": "17:00"}`."""
    found: dict[int, Periods] = {}
    for position, row in enumerate(rows):
        place = f"{path}[{position}]"
        if not names_day(row):
            raise refuse(place, f"must name its weekday, not {values.name_value(row)}")
        named = row[0] if isinstance(row, list) else next(row[key] for key in DAY_KEYS if key in row)
        for day in named if isinstance(named, list) else [named]:
            for weekday in read_weekdays(day, place):
                found[weekday] = (
                    *found.get(weekday, ()),
                    read_period(row[1:] if isinstance(row, list) else row, place),
                )
    return found


def read_weekdays(key: Any, path: str) -> range:
    """Monday, mon, 0 for Monday, mon-fri, weekdays."""
    name = str(key).casefold().strip()
    if name in DAY_GROUPS:
        return DAY_GROUPS[name]
    if name in tuple("0123456"):
        return range(int(name), int(name) + 1)
    first, _, last = name.partition("-")
    starts, ends = find_weekday(first), find_weekday(last or first)
    if starts is None or ends is None or starts > ends:
        raise refuse(path, f"unknown weekday {values.name_value(key)}; allowed are {', '.join(WEEKDAYS)}")
    return range(starts, ends + 1)


def find_weekday(name: str) -> int | None:
    found = [n for n, weekday in enumerate(WEEKDAYS) if len(name.strip()) >= 3 and weekday.startswith(name.strip())]
    return found[0] if found else None


def read_periods(value: Any, path: str) -> Periods:
    """One period, a list of them, or none of a closed day."""
    if not value:
        return ()
    if not isinstance(value, str | dict | list):
        raise refuse(path, f'must be periods such as [["08:00", "17:00"]], not {values.name_value(value)}')
    is_one = isinstance(value, str | dict) or (len(value) == 2 and all(isinstance(part, str) for part in value))
    rows = [value] if is_one else value
    return tuple(read_period(row, path if is_one else f"{path}[{n}]") for n, row in enumerate(rows))


def read_period(value: Any, path: str) -> tuple[int, int]:
    """In minutes of the day."""
    if isinstance(value, str):
        value = value.replace("\N{EN DASH}", "-").split("-")
    if isinstance(value, dict):
        found = [next((value[key] for key in keys if key in value), None) for keys in (OPENING_KEYS, CLOSING_KEYS)]
        value = [part for part in found if part is not None]
    if not isinstance(value, list) or len(value) != 2:
        raise refuse(path, f"must be an opening and a closing time, not {values.name_value(value)}")
    opens, closes = (read_minute(str(part).strip(), path) for part in value)
    return opens, closes


def read_minute(value: str, path: str) -> int:
    """Of the day; 24:00 is its end."""
    if value == "24:00":
        return 24 * 60
    found = values.read_clock_time(value, path)
    return found.hour * 60 + found.minute
