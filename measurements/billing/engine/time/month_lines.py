"""Lines of a calendar month: codes of the whole minutes, what is missing to the next one, and what was asked for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence

from measurements.billing.engine.claims.line_building import Draft, build_line
from measurements.billing.engine.claims.payers import ServiceDays, date_of_service
from measurements.billing.engine.claims.refusals import is_override_valid
from measurements.billing.engine.code_rules import BILLED_PROGRAMMES, CodeRule, Kind, Programme
from measurements.billing.engine.conflicts import conflicting_programmes
from measurements.billing.engine.date_ranges import last_day_of
from measurements.billing.engine.facts import Request
from measurements.billing.engine.known import Known
from measurements.billing.engine.lines import Line, Month, Reason
from measurements.billing.engine.monitoring import is_enrolled, monitoring_periods
from measurements.billing.engine.time.intervals import NO_TIME
from measurements.billing.engine.time.live_interactions import has_live_interaction
from measurements.billing.engine.time.minutes import (
    ACTIVITY_99091,
    ONE_MINUTE,
    counted_time,
    day_reached,
    minutes_by_programme,
    parts_in_month,
    seconds_lost,
    whole_minutes,
)
from measurements.billing.engine.time.people import is_practitioner

REFUSES_99091 = frozenset({"99457", "99458"})


def build_month(known: Known, month: dt.date) -> Month:
    minutes = minutes_by_programme(known, month)
    reached = [programme for programme in BILLED_PROGRAMMES if minute_rules(known, month, programme)]
    refused = conflicting_programmes(known, month, reached)
    lines = [
        line
        for programme in BILLED_PROGRAMMES
        if programme in minutes
        for line in programme_lines(known, month, programme, refused)
    ]
    code, to_next = next_code(known, month)
    return Month(month, minutes, seconds_lost(known, month), tuple(lines), code, to_next)


def is_month_over(known: Known, month: dt.date) -> bool:
    return known.clinic_today > last_day_of(month)


def programme_lines(known: Known, month: dt.date, programme: Programme, refused: Iterable[Programme]) -> list[Line]:
    """Of a programme with a session in the month, though none of its time may count."""
    time = counted_time(known, month, programme)
    more = [Reason.RPM_AND_RTM] if programme in refused else []
    rules = minute_rules(known, month, programme) or [(None, 0, last_day_of(month))]
    return [
        build_line(
            known,
            Draft(
                kind=Kind.MONTH,
                programme=programme,
                first=month,
                last=last_day_of(month),
                is_over=is_month_over(known, month),
                rule=rule,
                units=units,
                date_of_service=day,
                first_day=time[0].day if time else month,
                belongs_to=None,
                minutes=whole_minutes(time),
                has_live_interaction=has_live_interaction(known, month, programme),
            ),
            more,
        )
        for rule, units, day in rules
    ]


def minute_rules(known: Known, month: dt.date, programme: Programme) -> list[tuple[CodeRule | None, int, dt.date]]:
    """Rules of the codes that the month's minutes reach, with units and date of service."""
    minutes = whole_minutes(counted_time(known, month, programme))
    found: list[tuple[CodeRule | None, int, dt.date]] = []
    for rule in rules_of_minutes(known, programme):
        day = service_date(known, month, rule)
        units = units_of(known, rule, minutes)
        is_beside = not rule.beside or rule.beside in {one.code for one, *_ in found if one}
        if rule.contains(day) and units and is_beside:
            found.append((rule, units, day))
    return found


def rules_of_minutes(known: Known, programme: Programme) -> list[CodeRule]:
    """Codes of a first part of the month before those that are beside one."""
    rules = [rule for rule in known.facts.code_rules if (rule.kind, rule.programme) == (Kind.MONTH, programme)]
    return sorted(rules, key=lambda rule: (bool(rule.beside), rule.least))


def units_of(known: Known, rule: CodeRule, minutes: int) -> int:
    if minutes < rule.least or (rule.most is not None and minutes > rule.most):
        return 0
    if rule.each is None:
        return 1
    units = (minutes - rule.least) // rule.each + 1
    most = known.settings.max_units_additional
    return units if most is None else min(units, most)


def service_date(known: Known, month: dt.date, rule: CodeRule) -> dt.date:
    reached = day_reached(counted_time(known, month, rule.programme), rule.least)
    return date_of_service(known, rule.code, ServiceDays(month, last_day_of(month), reached))


def next_code(known: Known, month: dt.date) -> tuple[str | None, int]:
    """Of RPM while the month is open, and the whole minutes to it."""
    programme, last = Programme.RPM, last_day_of(month)
    if is_month_over(known, month) or not is_enrolled(known, programme, month, last):
        return None, 0
    minutes = whole_minutes(counted_time(known, month, programme))
    steps = [
        (rule.least, rule.code) for rule in rules_of_minutes(known, programme) if rule.contains(last) and not rule.each
    ]
    for rule in rules_of_minutes(known, programme):
        if rule.each and rule.contains(last):
            units = (minutes - rule.least) // rule.each + 1 if minutes >= rule.least else 0
            most = known.settings.max_units_additional
            steps += [(rule.least + units * rule.each, rule.code)] if most is None or units < most else []
    least, code = min(((least, code) for least, code in steps if least > minutes), default=(0, ""))
    return (code, least - minutes) if code else (None, 0)


def request_line(known: Known, request: Request, months: Sequence[Month]) -> Line:
    """Of a code that is never suggested: by a practitioner, beside no line that refuses it, else with a reason."""
    last = last_day_of(request.month)
    minutes = requested_minutes(known, request)
    rule, day = find_request_rule(known, request, minutes)
    beside = {line.code for month in months if month.month == request.month for line in month.lines if line.units}
    is_refused = not REFUSES_99091.isdisjoint(beside) and not is_override_valid(known, request.override)
    draft = Draft(
        kind=Kind.REQUEST,
        programme=Programme.RPM,
        first=request.month,
        last=last,
        is_over=is_month_over(known, request.month),
        rule=rule,
        code=request.code,
        date_of_service=day,
        first_day=first_monitored_day(known, request.month),
        minutes=minutes,
    )
    return build_line(known, draft, [Reason.BESIDE_99457] if is_refused else [])


def find_request_rule(known: Known, request: Request, minutes: int) -> tuple[CodeRule | None, dt.date]:
    last = last_day_of(request.month)
    for rule in known.facts.code_rules:
        if rule.kind is Kind.REQUEST and rule.code == request.code:
            day = date_of_service(known, rule.code, ServiceDays(request.month, last))
            if rule.contains(day) and minutes >= rule.least:
                return rule, day
    return None, last


def requested_minutes(known: Known, request: Request) -> int:
    """Those of a practitioner only."""
    if not is_practitioner(known, request.by):
        return 0
    if request.minutes is not None:
        return request.minutes
    parts = [
        part
        for session, part in parts_in_month(known, request.month, lambda credit: credit.credited)
        if session.activity == ACTIVITY_99091 and session.person == request.by
    ]
    return sum((end - start for start, end in parts), NO_TIME) // ONE_MINUTE


def first_monitored_day(known: Known, month: dt.date) -> dt.date:
    periods = monitoring_periods(known, Programme.RPM)
    starts = [period.start for period in periods if period.start and period.touches(month, last_day_of(month))]
    return max(month, min(starts, default=month))
