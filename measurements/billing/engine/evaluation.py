"""`evaluate`: the billing lines of one patient as a pure function of facts and an instant."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import replace

from measurements.billing.engine.approvals import LineKey, approved_lines, differences, is_time_approved, line_key
from measurements.billing.engine.bill import compute_bill
from measurements.billing.engine.code_rules import Kind
from measurements.billing.engine.facts import Facts
from measurements.billing.engine.known import Known
from measurements.billing.engine.lines import Bill, Line, Month


def evaluate(
    facts: Facts, as_of: dt.datetime, *, months: Collection[dt.date] = (), stored: Collection[Line] | None = None
) -> Bill:
    """What is known at `as_of`: received, entered and done until then, that instant included.

    `months`: first days of months that are shown though the patient has no session in them. `stored`: approved lines
    as they were stored; None: they are computed from the approvals. The result depends on nothing else: not on the
    order of lists, on repeated rows, on the clock or on earlier calls.
    """
    known = Known(facts, as_of)
    approved = approved_lines(facts, as_of) if stored is None else {line_key(line): line for line in stored}
    fresh = compute_bill(known, approved.values(), months)
    return replace(
        fresh,
        setups=tuple(approved.get(line_key(line), line) for line in fresh.setups),
        windows=tuple(approved.get(line_key(line), line) for line in fresh.windows),
        months=tuple(with_approved(known, month, approved) for month in fresh.months),
        requested=tuple(approved.get(line_key(line), line) for line in fresh.requested),
        differences=tuple(differences(known, fresh, approved.values())),
    )


def with_approved(known: Known, month: Month, approved: Mapping[LineKey, Line]) -> Month:
    """Approved lines as they were; of the others those that don't contradict one: 99458 beside an approved 99457."""
    of_month = [line for line in approved.values() if line.kind is Kind.MONTH and line.first == month.month]
    codes = {line.code for line in of_month}
    lines = list(of_month)
    for line in month.lines:
        own = [one for one in of_month if one.programme is line.programme]
        if line.code not in codes and (not own or is_beside_approved(known, line, own)):
            lines.append(line)
    lines.sort(key=lambda line: (line.programme, line.code or ""))
    return replace(month, lines=tuple(lines), time_approved=is_time_approved(known, month.month))


def is_beside_approved(known: Known, line: Line, approved: Collection[Line]) -> bool:
    """Of the same minutes: the code that is beside an approved one, or beside which an approved one is."""
    beside = {rule.code: rule.beside for rule in known.facts.code_rules if rule.beside}
    codes = {one.code for one in approved}
    return beside.get(line.code or "") in codes or line.code in {beside.get(code or "") for code in codes}


def of_month(bill: Bill, month: dt.date) -> Bill:
    """Only the lines that belong to a month: by their date of service, a set-up by that of its window 1."""
    return replace(
        bill,
        setups=tuple(line for line in bill.setups if line.belongs_to == month),
        windows=tuple(line for line in bill.windows if line.belongs_to == month),
        months=tuple(found for found in bill.months if found.month == month),
        requested=tuple(line for line in bill.requested if line.belongs_to == month),
        differences=tuple(found for found in bill.differences if found.approved.belongs_to == month),
    )
