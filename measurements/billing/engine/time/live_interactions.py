"""Live interactions: whether a month has a contact in which both spoke with each other."""

from __future__ import annotations

import datetime as dt

from measurements.billing.engine.code_rules import Programme
from measurements.billing.engine.date_ranges import last_day_of, month_of
from measurements.billing.engine.facts import Contact, ContactMode, Outcome
from measurements.billing.engine.known import Known
from measurements.billing.engine.monitoring import is_enrolled, is_monitored
from measurements.billing.engine.time.people import may_be_credited


def has_live_interaction(known: Known, month: dt.date, programme: Programme) -> bool:
    return any(counts_as_live(known, contact, month, programme) for contact in known.facts.contacts)


def counts_as_live(known: Known, contact: Contact, month: dt.date, programme: Programme) -> bool:
    """With a person who may be credited, in the month and in the monitoring period, and not after a revocation."""
    if contact.at > known.at or contact.is_automatic or contact.outcome is not Outcome.REACHED:
        return False
    if contact.mode is ContactMode.MESSAGE:
        if not known.settings.messages_are_live:
            return False
    elif not contact.is_live:
        return False
    day = known.clinic_day(contact.at)
    is_in_programme = is_monitored(known, programme, day) or not is_enrolled(
        known, programme, month, last_day_of(month)
    )
    is_creditable = may_be_credited(known, contact.by, day, programme, last_day_of(month))
    return month_of(day) == month and is_in_programme and is_creditable and not is_revoked(known, day)


def is_revoked(known: Known, day: dt.date) -> bool:
    """After the first consent and covered by none; one taken in the call itself, or after it, is no revocation."""
    return not known.is_consented(day) and any(consent.date <= day for consent in known.consents)
