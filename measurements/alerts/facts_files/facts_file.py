"""A facts file: one JSON object with what alert episodes are computed from; unknown keys and wrong types are errors."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from measurements import facts_values as values
from measurements.alerts.engine.facts import Clinic, Device, Facts, Mark, MonitoringPeriod, Reading, ReadingId
from measurements.alerts.facts_files.clinic_hours import read_hours
from measurements.alerts.facts_files.event_rows import check_names, read_event
from measurements.alerts.facts_files.rule_rows import read_goals, read_metric, read_rule
from measurements.facts_values import list_of, read_object, refuse, require


def load_facts(text: str | bytes) -> Facts:
    """Raises FactsError."""
    return read_facts(values.parse_json(text))


def read_facts(content: Any) -> Facts:
    given = read_object(content, "", FACTS_KEYS)
    readings = given.get("readings", [])
    check_readings(readings)
    check_names(given.get("events", []), given.get("rules", []), {reading.id for reading in readings})
    for key in ("conditions", "expected_metrics"):
        if key in given:
            given[key] = frozenset(given[key])
    for key in ("rules", "devices", "readings", "monitoring_periods", "events"):
        if key in given:
            given[key] = tuple(given[key])
    return Facts(**given)


def check_readings(readings: list[Reading]) -> None:
    """A row may be repeated, but an id is of one reading."""
    by_id: dict[ReadingId, Reading] = {}
    for position, reading in enumerate(readings):
        if by_id.setdefault(reading.id, reading) != reading:
            raise refuse(f"readings[{position}].id", f"{reading.id!r} is the id of another reading too")


def read_clinic(value: Any, path: str) -> Clinic:
    given = read_object(value, path, {"zone": values.read_zone, "hours": read_hours, "holidays": list_of(read_holiday)})
    return Clinic(given.get("zone"), given.get("hours", {}), frozenset(given.get("holidays", ())))


def read_holiday(value: Any, path: str) -> dt.date:
    """A date, or an object of one with its name."""
    if not isinstance(value, dict):
        return values.read_date(value, path)
    given = read_object(value, path, {"date": values.read_date, "name": values.read_text})
    require(given, path, "date")
    found: dt.date = given["date"]
    return found


def read_device(value: Any, path: str) -> Device:
    given = read_object(value, path, DEVICE_KEYS)
    require(given, path, "serial")
    return Device(given["serial"], given.get("type", ""), given.get("from"), given.get("until"), given.get("state", ""))


def read_period(value: Any, path: str) -> MonitoringPeriod:
    given = read_object(value, path, {"start": values.read_date, "end": values.read_date})
    require(given, path, "start")
    if "end" in given and given["end"] < given["start"]:
        raise refuse(f"{path}.end", "must not be before start")
    return MonitoringPeriod(**given)


def read_reading(value: Any, path: str) -> Reading:
    return read_reading_fields(value, path, READING_KEYS)


def read_reading_fields(value: Any, path: str, keys: Mapping[str, values.ReadValue[Any]]) -> Reading:
    """`received` is `taken` where it isn't stated; a reading without id is named by what it says."""
    given = read_object(value, path, keys)
    require(given, path, "metric", "taken")
    given.setdefault("received", given["taken"])
    given["marks"] = frozenset(Mark(mark) for mark in given.get("marks", ()))
    given["is_automatic"] = given.pop("automatic", True)
    given.setdefault("value_1", None)
    if given.get("beyond") and (given["value_1"] is not None or given.get("value_2") is not None):
        raise refuse(f"{path}.beyond", "is only for a reading whose values are null")
    if "id" not in given:
        named = (given["metric"], f"{given['taken']:%Y-%m-%dT%H:%M:%SZ}", given.get("device", ""))
        given["id"] = " ".join(map(str, (*named, given.get("index", 0), given["value_1"], given.get("value_2"))))
    return Reading(**given)


DEVICE_KEYS: Mapping[str, values.ReadValue[Any]] = {
    "serial": values.read_name,
    "type": values.read_text,
    "from": values.read_date,
    "until": values.read_date,
    "state": values.read_text,
}
READING_KEYS: Mapping[str, values.ReadValue[Any]] = {
    "id": values.read_id,
    "metric": read_metric,
    "value_1": values.read_number,
    "value_2": values.read_number,
    "index": values.read_whole,
    "taken": values.read_instant,
    "received": values.read_instant,
    "device": values.read_any_name,
    "marks": list_of(values.read_choice(*Mark)),
    "beyond": values.read_choice("above", "below"),
}
FACTS_KEYS: Mapping[str, values.ReadValue[Any]] = {
    "zone": values.read_zone,
    "clinic": read_clinic,
    "goals": read_goals,
    "conditions": list_of(values.read_name),
    "rules": list_of(read_rule),
    "devices": list_of(read_device),
    "expected_metrics": list_of(read_metric),
    "readings": list_of(read_reading),
    "monitoring_periods": list_of(read_period),
    "events": list_of(read_event),
}
