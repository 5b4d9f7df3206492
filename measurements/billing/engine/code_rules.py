"""Rules of billing codes as dated rows with their source, loaded from `shipped_rules.json`."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from measurements.billing.engine.date_ranges import DateRange

SHIPPED_RULES_FILE = Path(__file__).with_name("shipped_rules.json")


class Programme(StrEnum):
    RPM = "RPM"
    RTM = "RTM"
    CCM = "CCM"
    OTHER = "other"


BILLED_PROGRAMMES = (Programme.RPM, Programme.RTM)
# Of the codes of a programme's minutes the one by which the list of credentials goes.
MINUTE_CODES = {Programme.RPM: "99457", Programme.RTM: "98980"}


class Kind(StrEnum):
    """What a code is counted over."""

    SETUP = "setup"  # days of window 1
    PERIOD = "period"  # days of a window of 30 days
    MONTH = "month"  # minutes of a calendar month
    REQUEST = "request"  # minutes of a calendar month, only asked for


class Need(StrEnum):
    """What must be on file beside what every line needs."""

    LIVE_INTERACTION = "live_interaction"
    EDUCATION = "education"
    RELATIONSHIP = "relationship"


@dataclass(frozen=True, kw_only=True)
class CodeRule(DateRange):
    """A code while the row is in force by the date of service.

    `least`, `most`: days or minutes, both included. `each`: a unit for each so many minutes above those of the code
    `beside`, of which the line is a part. `system` of RTM.
    """

    code: str
    programme: Programme
    kind: Kind
    least: int
    most: int | None = None
    each: int | None = None
    beside: str = ""
    system: str = ""
    needs: frozenset[Need] = frozenset()
    source: str = ""
    checked_by: str = ""


def read_date(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


def read_code_rule(row: dict[str, Any]) -> CodeRule:
    return CodeRule(
        code=row["code"],
        programme=Programme(row["programme"]),
        kind=Kind(row["kind"]),
        least=row["least"],
        most=row.get("most"),
        each=row.get("each"),
        beside=row.get("beside", ""),
        system=row.get("system", ""),
        needs=frozenset(Need(need) for need in row.get("needs", ())),
        start=read_date(row["from"]),
        end=read_date(row.get("until")),
        source=row["source"],
        checked_by=row["checked_by"],
    )


SHIPPED = json.loads(SHIPPED_RULES_FILE.read_text(encoding="utf-8"))
LAST_CONFIRMED_YEAR: int = SHIPPED["last_confirmed_year"]
SHIPPED_CODE_RULES = tuple(read_code_rule(row) for row in SHIPPED["codes"])
CLINICAL_CREDENTIALS: frozenset[str] = frozenset(SHIPPED["credentials"]["clinical"])
PRACTITIONER_CREDENTIALS: frozenset[str] = frozenset(SHIPPED["credentials"]["practitioner"])
CODES = frozenset(rule.code for rule in SHIPPED_CODE_RULES)
