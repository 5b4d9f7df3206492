"""What is known of a patient at an instant: received readings, ended sessions, dated facts, zones and local days."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Hashable, Iterable
from typing import Any, Protocol, TypeVar
from zoneinfo import ZoneInfo

from measurements.alerts.engine.facts import UTC_ZONE, Reading, ReadingId
from measurements.billing.engine.code_rules import BILLED_PROGRAMMES, Programme
from measurements.billing.engine.date_ranges import DateRange
from measurements.billing.engine.facts import (
    Consent,
    EndReason,
    Enrolment,
    Facts,
    Mode,
    Order,
    Session,
    Source,
    ZoneChange,
)
from measurements.billing.engine.staff import Person
from measurements.local_days import ONE_DAY

T = TypeVar("T")
BEGINNING = dt.datetime.min.replace(tzinfo=dt.UTC)


class Dated(Protocol):
    @property
    def date(self) -> dt.date: ...


D = TypeVar("D", bound=Dated)


class Known:
    """Facts as known at `at`, both what was received and what was done at that instant included."""

    def __init__(self, facts: Facts, at: dt.datetime) -> None:
        self.facts, self.at = facts, at
        self.settings = facts.settings
        zones = sorted(facts.patient_zones, key=zone_start)
        self.clinic_zone = facts.clinic_zone or (zones[0].zone if zones else UTC_ZONE)
        self.zones = zones or [ZoneChange(self.clinic_zone)]
        self.patient_today = self.patient_day(at)
        self.clinic_today = self.clinic_day(at)
        self.consents = sorted_unique(self.dated(facts.consents))
        self.orders = sorted_unique(self.dated(facts.orders))
        self.staff: dict[str, Person] = {person.id: person for person in facts.staff}
        self.excluded = self.find_excluded()
        self._remembered: dict[Hashable, Any] = {}

    def dated(self, rows: Iterable[D]) -> list[D]:
        """Those whose date has come."""
        return [row for row in rows if row.date <= max(self.patient_today, self.clinic_today)]

    def remember(self, key: Hashable, compute: Callable[[], T]) -> T:
        """Computed once for all lines, which ask for the same."""
        if key not in self._remembered:
            self._remembered[key] = compute()
        found: T = self._remembered[key]
        return found

    def patient_zone(self, at: dt.datetime) -> ZoneInfo:
        """In force at `at`; before the first one the first one."""
        started = [change for change in self.zones if zone_start(change) <= at]
        return (started[-1] if started else self.zones[0]).zone

    def patient_day(self, at: dt.datetime) -> dt.date:
        return at.astimezone(self.patient_zone(at)).date()

    def clinic_day(self, at: dt.datetime) -> dt.date:
        return at.astimezone(self.clinic_zone).date()

    def find_excluded(self) -> frozenset[ReadingId]:
        return frozenset(
            exclusion.reading
            for exclusion in self.facts.exclusions
            if exclusion.at <= self.at and (exclusion.undone_at is None or exclusion.undone_at > self.at)
        )

    @property
    def readings(self) -> list[Reading]:
        """Received and not excluded, each once."""
        by_id = {reading.id: reading for reading in self.facts.readings if reading.received <= self.at}
        return [reading for reading in by_id.values() if reading.id not in self.excluded]

    @property
    def sessions(self) -> list[Session]:
        """Begun, each once. One whose end is not known yet has none."""
        by_id = {session.id: session for session in self.facts.sessions if known_from(session) <= self.at}
        return sorted(by_id.values(), key=session_order)

    def is_ended(self, session: Session) -> bool:
        return session.end is not None and session.end <= self.at

    def enrolments(self, programme: Programme) -> list[Enrolment]:
        found = {row for row in self.facts.programmes if row.programme is programme}
        return sorted(found, key=lambda row: (*row.sort_key, row.system))

    @property
    def has_programmes(self) -> bool:
        return any(row.programme in BILLED_PROGRAMMES for row in self.facts.programmes)

    def enrolment_on(self, programme: Programme, day: dt.date) -> Enrolment | None:
        """Of two, the later one."""
        found = [row for row in self.enrolments(programme) if row.contains(day)]
        return found[-1] if found else None

    def order_on(self, day: dt.date) -> Order | None:
        """In force: the newest until then, unless it has ended. It must name a diagnosis."""
        found = [order for order in self.orders if order.date <= day]
        order = found[-1] if found else None
        if order is None or not order.diagnoses or (order.ended and order.ended < day):
            return None
        return order

    def is_consented(self, day: dt.date) -> bool:
        """Without any consent all days count; their lines miss it."""
        return any(consented.contains(day) for consented in self.consent_ranges())

    def revoked_on(self, consent: Consent) -> dt.date | None:
        return consent.revoked if consent.revoked and consent.revoked <= self.patient_today else None

    def consent_ranges(self) -> list[DateRange]:
        """From each consent to its revocation; one without any. A consent given before the revocation continues."""
        if not self.consents:
            return [DateRange()]
        found: list[DateRange] = []
        for consent in self.consents:
            revoked = self.revoked_on(consent)
            end = revoked - ONE_DAY if revoked else None
            if found and found[-1].contains(consent.date):
                ends = [found[-1].end, end]
                found[-1] = DateRange(start=found[-1].start, end=None if None in ends else max(filter(None, ends)))
            elif end is None or consent.date <= end:
                found.append(DateRange(start=consent.date, end=end))
        return found


def zone_start(change: ZoneChange) -> dt.datetime:
    return change.start or BEGINNING


def sorted_unique(rows: Iterable[D]) -> list[D]:
    """By date, those of one date by what they say, so that the order of a list means nothing."""
    found: list[D] = []
    for row in sorted(rows, key=lambda row: (row.date, repr(row))):
        if row not in found:
            found.append(row)
    return found


def known_from(session: Session) -> dt.datetime:
    """A timer is known from its start, what is typed from its entry."""
    if session.source is Source.TYPED:
        return session.entered_at or session.end or session.start
    return session.start


def session_order(session: Session) -> tuple[bool, dt.datetime, tuple[Any, ...]]:
    """Who gets a doubled second: timer before typed, earlier start, lower id."""
    return is_typed(session), session.start, id_order(session.id)


def is_typed(session: Session) -> bool:
    """A call after whose sign-out the end was stated is typed too."""
    return session.source is Source.TYPED or (session.mode is Mode.CALL and session.end_reason is EndReason.SIGNED_OUT)


def id_order(found: int | str) -> tuple[Any, ...]:
    """Numbers first and by their value, also those at the end of a text: s2 before s10."""
    text = str(found)
    if text.isdecimal():
        return 0, "", int(text), text
    head = text.rstrip("0123456789")
    return 1, head, int(text[len(head) :] or 0), text
