"""Facts that billing lines are computed from: readings, sessions, consent, orders, payers, approvals of one patient.

All instants are aware (UTC), all dates local, both ends of a range included. Lists may be in any order and may repeat
a row.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from zoneinfo import ZoneInfo

from measurements.alerts.engine.facts import Device, Reading, ReadingId
from measurements.billing.engine.code_rules import LAST_CONFIRMED_YEAR, SHIPPED_CODE_RULES, CodeRule, Programme
from measurements.billing.engine.date_ranges import DateRange
from measurements.billing.engine.staff import Person

PATIENT = "P"  # in sessions: the patient whose facts these are


class Mode(StrEnum):
    PAGE = "page"
    CALL = "call"


class Source(StrEnum):
    TIMER = "timer"
    TYPED = "typed"


class EndReason(StrEnum):
    STOPPED = "stopped"
    SWITCHED = "switched"
    IDLE = "idle"
    LOST = "lost"
    SIGNED_OUT = "signed_out"


class ContactMode(StrEnum):
    AUDIO = "audio"
    VIDEO = "video"
    IN_PERSON = "in_person"
    MESSAGE = "message"


class Outcome(StrEnum):
    REACHED = "reached"
    NO_ANSWER = "no_answer"


class ServiceDate(StrEnum):
    """Which day of a window or month is the date of service."""

    LAST_DAY = "last_day"
    FIRST_DAY = "first_day"
    DAY_REACHED = "day_reached"  # on which the days or minutes of the code were reached
    EDUCATION = "education"  # of a set-up


@dataclass(frozen=True)
class ZoneChange:
    """The patient's zone from an instant on; None: from the beginning."""

    zone: ZoneInfo
    start: dt.datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Enrolment(DateRange):
    """In a programme. `system` of RTM: respiratory, musculoskeletal or behavioural."""

    programme: Programme
    system: str = ""


@dataclass(frozen=True, kw_only=True)
class PayerPeriod(DateRange):
    payer: str


@dataclass(frozen=True, kw_only=True)
class PayerRule(DateRange):
    """What a payer wants: for `codes`, or for all where it names none. `payer` empty: every payer."""

    payer: str = ""
    codes: frozenset[str] = frozenset()
    only_diagnoses: tuple[str, ...] = ()
    is_first_diagnosis_only: bool = False
    is_covered: bool = True
    needs_prior_authorisation: bool = False
    least_days: int = 0
    date_of_service: ServiceDate | None = None
    source: str = ""
    checked_by: str = ""


@dataclass(frozen=True, kw_only=True)
class PriorAuthorisation(DateRange):
    code: str
    number: str = ""


@dataclass(frozen=True)
class Consent:
    """`revoked`: the local day from which nothing counts."""

    date: dt.date
    how: str = ""
    by: str = ""
    wording: str = ""
    revoked: dt.date | None = None


@dataclass(frozen=True)
class Order:
    """`ended`: its last day."""

    date: dt.date
    practitioner: str = ""
    npi: str = ""
    diagnoses: tuple[str, ...] = ()
    why: str = ""
    ended: dt.date | None = None


@dataclass(frozen=True)
class Education:
    date: dt.date
    by: str = ""
    programme: Programme | None = None


@dataclass(frozen=True)
class Override:
    """Of a rule, with a reason; without code, month and window for every line."""

    reason: str
    by: str = ""
    at: dt.datetime | None = None
    code: str = ""
    month: dt.date | None = None
    window: dt.date | None = None


@dataclass(frozen=True, kw_only=True)
class AccessAlignment(DateRange):
    """In the ACCESS model, from the day of alignment to the day of unalignment."""

    track: str = ""
    overrides: tuple[Override, ...] = ()


@dataclass(frozen=True)
class Exclusion:
    reading: ReadingId
    at: dt.datetime
    by: str = ""
    reason: str = ""
    undone_at: dt.datetime | None = None


@dataclass(frozen=True)
class Session:
    """Time of a person for a patient. Without `end` it is still running."""

    id: int | str
    person: str
    start: dt.datetime
    end: dt.datetime | None = None
    patient: str = PATIENT
    programme: Programme = Programme.RPM
    activity: str = ""
    mode: Mode = Mode.PAGE
    source: Source = Source.TIMER
    last_activity: dt.datetime | None = None
    last_seen: dt.datetime | None = None
    end_reason: EndReason | None = None
    entered_at: dt.datetime | None = None


@dataclass(frozen=True)
class Contact:
    at: dt.datetime
    by: str = ""
    mode: ContactMode = ContactMode.AUDIO
    is_live: bool = True
    is_automatic: bool = False
    outcome: Outcome | None = None


@dataclass(frozen=True)
class Approval:
    """Of a month's time (`code` empty) or of a line; `window`: its first date; `month`: its first day.

    With a `reason` it confirms a line that was approved before and would be another one by then.
    """

    at: dt.datetime
    by: str = ""
    code: str = ""
    month: dt.date | None = None
    window: dt.date | None = None
    reason: str = ""

    @property
    def is_of_time(self) -> bool:
        return not self.code


@dataclass(frozen=True)
class Request:
    """Of a practitioner, for a code that is never suggested. `minutes` None: those of the sessions of that activity."""

    code: str
    month: dt.date
    minutes: int | None = None
    by: str = ""
    override: Override | None = None


@dataclass(frozen=True)
class Settings:
    """`confirmed_years`: after the last of them rules are provisional. `credentials`: instead of the shipped ones, of
    99457 (for 99470 and 99458 too) and of 98980 (for 98979 and 98981 too).
    """

    setup_min_days: int = 2
    messages_are_live: bool = False
    two_people_count_both: bool = False
    max_units_additional: int | None = None
    idle_seconds: int = 120
    confirmed_years: frozenset[int] = frozenset({LAST_CONFIRMED_YEAR})
    requires_practice_employee_from: dt.date | None = None
    windows_anew_from: dt.date | None = None
    late_orders_refused: bool = False
    setup_on_education: bool = False
    self_reported_counts: bool = False
    rtm_established_from: dt.date = dt.date(2027, 1, 1)
    late_readings_days: int = 5
    credentials: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Facts:
    """What is known of one patient. Every field has the shipped default.

    `patient_zones` empty: the clinic's; `clinic_zone` None: the patient's first one; neither: UTC.
    `devices` None: every reading is of an assigned device. `monitoring_periods` None: those of the programmes.
    `no_other_practice`: True attested, False another practice bills, None not on file.
    """

    patient_zones: tuple[ZoneChange, ...] = ()
    clinic_zone: ZoneInfo | None = None
    code_rules: tuple[CodeRule, ...] = SHIPPED_CODE_RULES
    programmes: tuple[Enrolment, ...] = ()
    payers: tuple[PayerPeriod, ...] = ()
    payer_rules: tuple[PayerRule, ...] = ()
    prior_authorisations: tuple[PriorAuthorisation, ...] = ()
    consents: tuple[Consent, ...] = ()
    orders: tuple[Order, ...] = ()
    prior_visit: dt.date | None = None
    initiating_visit: dt.date | None = None
    education: tuple[Education, ...] = ()
    monitoring_periods: tuple[DateRange, ...] | None = None
    no_other_practice: bool | None = None
    access: tuple[AccessAlignment, ...] = ()
    apcm: tuple[DateRange, ...] = ()
    devices: tuple[Device, ...] | None = None
    readings: tuple[Reading, ...] = ()
    exclusions: tuple[Exclusion, ...] = ()
    staff: tuple[Person, ...] = ()
    sessions: tuple[Session, ...] = ()
    contacts: tuple[Contact, ...] = ()
    approvals: tuple[Approval, ...] = ()
    requested: tuple[Request, ...] = ()
    settings: Settings = Settings()
