"""People whose time is recorded: credential and employment by date, billing practitioner or not."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from enum import StrEnum

from measurements.billing.engine.date_ranges import DateRange


class EmploymentKind(StrEnum):
    PRACTICE_EMPLOYEE = "practice_employee"
    LEASED = "leased"
    CONTRACTOR = "contractor"
    VENDOR = "vendor"


@dataclass(frozen=True, kw_only=True)
class Employment(DateRange):
    kind: EmploymentKind


@dataclass(frozen=True, kw_only=True)
class Credential(DateRange):
    name: str


@dataclass(frozen=True)
class Person:
    """`credential`: of every day; `credentials`: of the days that they name."""

    id: str
    credential: str = ""
    is_billing_practitioner: bool | None = None
    employment: tuple[Employment, ...] = ()
    credentials: tuple[Credential, ...] = ()

    def credential_on(self, day: dt.date) -> str:
        return next((row.name for row in self.credentials if row.contains(day)), self.credential)
