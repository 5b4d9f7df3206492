"""Billing lines as the engine returns them: set-ups, windows of 30 days, months and what was asked for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from measurements.billing.engine.code_rules import Kind, Programme


class Status(StrEnum):
    OPEN = "open"  # its window or month isn't over
    SUGGESTED = "suggested"
    MISSING = "missing"  # a fact that can still be put on file
    BLOCKED = "blocked"  # a rule
    NEVER = "never"  # days or minutes were not reached
    APPROVED = "approved"


class Reason(StrEnum):
    """Why a line is refused, in the order of naming."""

    RULES_NOT_CONFIRMED = "rules_not_confirmed"
    PROGRAMME = "programme"
    CONSENT = "consent"
    ORDER = "order"
    RELATIONSHIP = "relationship"
    OTHER_PRACTICE = "other_practice"
    ACCESS = "access"
    PAYER = "payer"
    PRIOR_AUTHORISATION = "prior_authorisation"
    LIVE_INTERACTION = "live_interaction"
    EDUCATION = "education"
    RPM_AND_RTM = "rpm_and_rtm"
    BESIDE_99457 = "beside_99457"
    DAYS = "days"
    MINUTES = "minutes"


ORDER_OF_NAMING = {reason: position for position, reason in enumerate(Reason)}
MISSING_REASONS = frozenset(
    {
        Reason.CONSENT,
        Reason.ORDER,
        Reason.RELATIONSHIP,
        Reason.PRIOR_AUTHORISATION,
        Reason.LIVE_INTERACTION,
        Reason.EDUCATION,
    }
)
NOT_REACHED_REASONS = frozenset({Reason.DAYS, Reason.MINUTES})


class Caution(StrEnum):
    """What a person who approves a line should know; nothing of it refuses the line."""

    LATE_READINGS = "late_readings"  # they may still come
    LATE_ORDER = "late_order"  # ordered after the first day
    NO_ATTESTATION = "no_attestation"  # that no other practice bills
    SETUP_DAYS = "setup_days"  # fewer days than some payers want
    SECOND_SETUP = "second_setup"  # within 12 months
    MANY_UNITS = "many_units"
    APCM = "apcm"


@dataclass(frozen=True)
class Forecast:
    """Of the 16 days. `left`: days that can still be measured, today included while it is unmeasured."""

    measured: int
    left: int
    needs: int
    can_be_reached: bool
    out_of_reach_since: dt.date | None


Content = tuple[tuple[tuple[str, int], ...], int]


@dataclass(frozen=True)
class Line:
    """One line. `code` None: none is reached, `units` is 0 then.

    `first`, `last`: of the window (of a set-up: window 1), or of the month. `days`, `minutes`: those that count.
    `monitoring_period`: its first day. `belongs_to`: first day of the month in whose list it is. `anchor`: first day
    of the first window from which this one was counted on. `confirmed_against`: codes with units, and days or minutes,
    of the other line that it would have been when a person confirmed it.
    """

    kind: Kind
    programme: Programme
    first: dt.date
    last: dt.date
    code: str | None
    units: int
    status: Status
    because: tuple[Reason, ...]
    date_of_service: dt.date
    belongs_to: dt.date
    days: tuple[dt.date, ...] = ()
    minutes: int | None = None
    forecast: Forecast | None = None
    monitoring_period: dt.date | None = None
    practitioner: str = ""
    cautions: tuple[Caution, ...] = ()
    approved_at: dt.datetime | None = None
    approved_by: str = ""
    confirmed_against: Content | None = None
    anchor: dt.date | None = None

    @property
    def rules_of(self) -> int:
        """The year whose rules were used."""
        return self.date_of_service.year


@dataclass(frozen=True)
class Month:
    """Time of a calendar month. `seconds_lost`: of this patient, counted for another session.

    `time_approved`: None without an approval, False if sessions have changed since.
    """

    month: dt.date
    minutes: Mapping[Programme, int]
    seconds_lost: int
    lines: tuple[Line, ...]
    next_code: str | None = None
    minutes_to_next_code: int = 0
    time_approved: bool | None = None


@dataclass(frozen=True)
class Difference:
    """An approved line that would be another one by now. `codes`: units by code; `count`: of days or minutes."""

    approved: Line
    codes: Mapping[str, int]
    count: int

    @property
    def content(self) -> Content:
        return tuple(sorted(self.codes.items())), self.count


@dataclass(frozen=True)
class Bill:
    """All lines of a patient at an instant, oldest first."""

    as_of: dt.datetime
    setups: tuple[Line, ...] = ()
    windows: tuple[Line, ...] = ()
    months: tuple[Month, ...] = ()
    requested: tuple[Line, ...] = ()
    differences: tuple[Difference, ...] = ()
