"""Approvals: each freezes a line as it was known then; what it would be by now is a difference."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import replace

from measurements.billing.engine.bill import compute_bill
from measurements.billing.engine.code_rules import BILLED_PROGRAMMES, Kind, Programme
from measurements.billing.engine.days.windows import Window, windows_of
from measurements.billing.engine.facts import Approval, Facts
from measurements.billing.engine.known import Known
from measurements.billing.engine.lines import Bill, Difference, Line, Status
from measurements.billing.engine.time.minutes import CountedTime, counted_time

LineKey = tuple[Kind, Programme, dt.date, str]
DEVICE_KINDS = (Kind.PERIOD, Kind.SETUP)


def approved_lines(facts: Facts, at: dt.datetime) -> dict[LineKey, Line]:
    """By key. An approval of what was not ready by then, or not by a billing practitioner, approves nothing."""
    found: dict[LineKey, Line] = {}
    given = {approval for approval in facts.approvals if approval.at <= at and not approval.is_of_time}
    for approval in sorted(given, key=lambda one: (one.at, repr(one))):
        known = Known(facts, approval.at)
        fresh = compute_bill(known, found.values())
        line = find_line(fresh, approval)
        if line is None:
            found |= confirm_lines(known, fresh, approval, found.values())
        elif line.status is Status.SUGGESTED and may_approve(known, approval, line):
            for replaced in replaced_keys(found, known, line):
                del found[replaced]
            found[line_key(line)] = replace(
                line, status=Status.APPROVED, approved_at=approval.at, approved_by=approval.by, cautions=()
            )
    return found


def confirm_lines(known: Known, fresh: Bill, approval: Approval, approved: Collection[Line]) -> dict[LineKey, Line]:
    """An approved line whose code would be another one by now, confirmed with a reason."""
    if not approval.reason.strip() or not is_allowed(known, approval):
        return {}
    named = [line for line in approved if line.code == approval.code and is_named(line, approval)]
    found = [(line, difference_of(known, fresh, line, approved)) for line in named]
    return {line_key(line): replace(line, confirmed_against=now.content) for line, now in found if now}


def line_key(line: Line) -> LineKey:
    """A window has one line, a month one for each code."""
    code = "" if line.kind in DEVICE_KINDS else line.code or ""
    return line.kind, line.programme, line.first, code


def find_line(bill: Bill, approval: Approval) -> Line | None:
    lines = [*bill.setups, *bill.windows, *(line for month in bill.months for line in month.lines), *bill.requested]
    for line in lines:
        if line.code == approval.code and is_named(line, approval):
            return line
    return None


def is_named(line: Line, approval: Approval) -> bool:
    """By the first date of its window, or by its month."""
    if approval.window:
        return line.kind in DEVICE_KINDS and line.first == approval.window
    return approval.month == (line.belongs_to if line.kind in DEVICE_KINDS else line.first)


def may_approve(known: Known, approval: Approval, line: Line) -> bool:
    """A person of whom it is on file that they are no billing practitioner may not; time lines need approved time."""
    if not is_allowed(known, approval):
        return False
    return line.kind is not Kind.MONTH or is_time_approved(known, line.first) is True


def is_allowed(known: Known, approval: Approval) -> bool:
    person = known.staff.get(approval.by)
    return person is None or person.is_billing_practitioner is not False


def is_time_approved(known: Known, month: dt.date) -> bool | None:
    """False where sessions have changed since every approval of the month's time; None where there is none."""
    given = [one for one in known.facts.approvals if one.is_of_time and one.month == month and one.at <= known.at]
    if not given:
        return None
    now = time_of_month(known, month)
    return any(time_of_month(Known(known.facts, one.at), month) == now for one in given)


def time_of_month(known: Known, month: dt.date) -> list[CountedTime]:
    return [part for programme in BILLED_PROGRAMMES for part in counted_time(known, month, programme)]


def replaced_keys(found: Mapping[LineKey, Line], known: Known, line: Line) -> list[LineKey]:
    """Approved lines of the month that a newly approved line of its programme makes untrue: 99470 by 99457."""
    if line.kind is not Kind.MONTH:
        return []
    codes = {one.code for one in fresh_month_lines(compute_bill(known), line)}
    return [
        key
        for key, one in found.items()
        if (one.kind, one.programme, one.first) == (line.kind, line.programme, line.first) and one.code not in codes
    ]


def fresh_month_lines(bill: Bill, line: Line) -> list[Line]:
    return [
        one
        for month in bill.months
        if month.month == line.first
        for one in month.lines
        if one.programme is line.programme and one.code
    ]


def differences(known: Known, fresh: Bill, approved: Collection[Line]) -> list[Difference]:
    """Of approved lines whose code, units, days or minutes would be others by now."""
    found = [difference_of(known, fresh, line, approved) for line in approved]
    open_ones = [one for one in found if one and one.content != one.approved.confirmed_against]
    return sorted(open_ones, key=lambda one: (one.approved.first, one.approved.kind, one.approved.code or ""))


def difference_of(known: Known, fresh: Bill, line: Line, approved: Collection[Line]) -> Difference | None:
    if line.kind in DEVICE_KINDS:
        return device_difference(known, fresh, line, approved)
    if line.kind is Kind.MONTH:
        lines = fresh_month_lines(fresh, line)
        minutes = next((month.minutes.get(line.programme, 0) for month in fresh.months if month.month == line.first), 0)
    else:
        lines = [one for one in fresh.requested if one.first == line.first and one.code == line.code and one.units]
        minutes = max((one.minutes or 0 for one in lines), default=0)
    codes = {one.code: one.units for one in lines if one.code}
    is_same = (codes.get(line.code or ""), minutes) == (line.units, line.minutes)
    return None if is_same else Difference(line, codes, minutes)


def device_difference(known: Known, fresh: Bill, line: Line, approved: Collection[Line]) -> Difference | None:
    """Of a set-up only if it were none by now: more days of its window are no other set-up."""
    lines = fresh.setups if line.kind is Kind.SETUP else fresh.windows
    now = next((one for one in lines if line_key(one) == line_key(line)), None)
    codes = {now.code: now.units} if now and now.code and now.units else {}
    days = now.days if now else ()
    if line.kind is Kind.SETUP:
        return None if codes == {line.code: line.units} else Difference(line, codes, len(days))
    earlier = earlier_window(known, line, approved)
    if earlier:
        days, codes = earlier.days, {earlier.rule.code: 1} if earlier.rule else {}
    is_same = codes == {line.code: line.units} and (days == line.days if earlier else len(days) == len(line.days))
    return None if is_same else Difference(line, codes, len(days))


def earlier_window(known: Known, line: Line, approved: Collection[Line]) -> Window | None:
    """The window 0 that would begin before this approved one, had no approval fixed where windows begin."""
    if line.first != line.anchor:
        return None
    others = [one for one in approved if (one.programme, one.anchor) != (line.programme, line.anchor)]
    for window in windows_of(known, line.programme, others):
        if window.number == 0 and window.segment.days.contains(line.first) and window.first < line.first:
            return window
    return None
