"""A billing line as JSON and back: what an approval stores of its line."""

from __future__ import annotations

import datetime as dt
from typing import Any

from measurements.billing.engine.code_rules import Kind, Programme
from measurements.billing.engine.lines import Content, Line, Reason, Status

DATES = ("first", "last", "date_of_service", "belongs_to", "monitoring_period", "anchor")


def line_to_json(line: Line) -> dict[str, Any]:
    return {
        "kind": str(line.kind),
        "programme": str(line.programme),
        **{name: format_day(getattr(line, name)) for name in DATES},
        "code": line.code,
        "units": line.units,
        "because": [str(reason) for reason in line.because],
        "days": [day.isoformat() for day in line.days],
        "minutes": line.minutes,
        "practitioner": line.practitioner,
    }


def approved_line(content: dict[str, Any], *, at: dt.datetime, by: str, against: Content | None = None) -> Line:
    """As `evaluate` takes it in `stored`."""
    return Line(
        kind=Kind(content["kind"]),
        programme=Programme(content["programme"]),
        **{name: read_day(content[name]) for name in DATES},
        code=content["code"],
        units=content["units"],
        status=Status.APPROVED,
        because=tuple(Reason(reason) for reason in content["because"]),
        days=tuple(dt.date.fromisoformat(day) for day in content["days"]),
        minutes=content["minutes"],
        practitioner=content["practitioner"],
        approved_at=at,
        approved_by=by,
        confirmed_against=against,
    )


def content_to_json(codes: dict[str, int], count: int) -> dict[str, Any]:
    return {"codes": dict(sorted(codes.items())), "count": count}


def read_content(found: dict[str, Any] | None) -> Content | None:
    return (tuple(sorted(found["codes"].items())), found["count"]) if found else None


def format_day(day: dt.date | None) -> str | None:
    return day.isoformat() if day else None


def read_day(text: str | None) -> Any:
    return dt.date.fromisoformat(text) if text else None
