"""How many a click on each of the list's chips would show."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.postgres.aggregates import BoolOr
from django.db import connection
from django.db.models import BooleanField, ExpressionWrapper, Q

from patients.views import filters
from patients.views.columns import Patients
from patients.views.filters import DEVICES, HELD, LINES, SILENT, Chosen


@dataclass(frozen=True)
class Chip:
    name: str
    value: str
    label: str
    count: int
    chosen: bool


def counted(patients: Patients, chosen: Chosen) -> tuple[int, list[Chip], list[Chip]]:
    """How many are shown, and the chips: each says how many a click on it would show. One query."""
    counts = {f"devices_{key}": (key, chosen.silent) for key in DEVICES}
    counts |= {f"silent_{key}": (chosen.devices, key) for key in SILENT}
    found = _counts(filters.grouped(patients, chosen), counts)
    return (
        found[f"devices_{chosen.devices}"],
        [Chip("devices", key, label, found[f"devices_{key}"], key == chosen.devices) for key, label in DEVICES.items()],
        [Chip("silent", key, label, found[f"silent_{key}"], key == chosen.silent) for key, label in SILENT.items()],
    )


# Devices and lines are added up per patient first and joined once: `IN (SELECT ...)` for each chip, which is right for
# a page, would look seven times for each of ten thousand people.
COUNTS = """
SELECT {counts} FROM ({people}) AS person
LEFT JOIN ({devices}) AS device ON device.patient = person.id
LEFT JOIN ({lines}) AS line ON line.patient = person.id
"""
SAID = "(COALESCE(device.{key}, false) OR COALESCE(line.{key}, false))"


def _counts(patients: Patients, counts: dict[str, tuple[str, str]]) -> dict[str, int]:
    """By name, for pairs of what is chosen of devices and of silence."""
    flags = {f"silent_{key}": _as_flag(wanted) for key, wanted in filters.silence().items() if key}
    rows = {
        "people": patients.order_by().values("id", **flags),
        "devices": _flags(filters.linked(), HELD),
        "lines": _flags(filters.open_lines(), LINES),
    }
    parts = {name: each.query.sql_with_params() for name, each in rows.items()}
    told = ", ".join(f"count(*) FILTER (WHERE {_held(key)} AND {_silent(since)})" for key, since in counts.values())
    statement = COUNTS.format(counts=told, **{name: text for name, (text, _) in parts.items()})
    with connection.cursor() as cursor:
        cursor.execute(statement, [value for _, values in parts.values() for value in values])
        return dict(zip(counts, cursor.fetchone(), strict=True))


def _held(key: str) -> str:
    if not key:
        return "true"
    return f"NOT {SAID.format(key='any')}" if key == "none" else SAID.format(key=key)


def _silent(key: str) -> str:
    return f"person.silent_{key}" if key else "true"


def _as_flag(wanted: Q) -> ExpressionWrapper:
    return ExpressionWrapper(wanted, output_field=BooleanField())


def _flags(rows: Any, kinds: Mapping[str, Q]) -> Any:
    """Per patient, whether there is one of each kind."""
    return rows.values("patient").annotate(**{key: BoolOr(_as_flag(wanted)) for key, wanted in kinds.items()})
