"""A patient's bill as columns of `BillingLine` rows, and the months' minutes of `BillingState`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from measurements.billing.engine.approvals import LineKey, line_key
from measurements.billing.engine.claims.payers import payer_on
from measurements.billing.engine.code_rules import Kind, Programme
from measurements.billing.engine.known import Known
from measurements.billing.engine.lines import Bill, Forecast, Line, Month, Status
from measurements.billing.models.line import ForecastKind
from measurements.billing.stored_lines.approved_lines import ApprovedLine
from measurements.billing.stored_lines.line_json import content_to_json

SAME_NAMED = ("first", "last", "units", "date_of_service", "belongs_to", "minutes", "monitoring_period", "anchor")
COLUMNS = (
    *("kind", "programme", "code", "status", "because", "cautions", "days", *SAME_NAMED, "forecast", "days_left"),
    *("out_of_reach_since", "minutes_to_next", "next_code", "practitioner_id", "payer", "approval_id", "difference"),
)


def bill_lines(bill: Bill, approved: Mapping[LineKey, ApprovedLine]) -> dict[LineKey, Line]:
    """All lines by key; approved ones that would not exist by now too."""
    found = {line_key(one.line): one.line for one in approved.values()}
    of_months = [line for month in bill.months for line in month.lines]
    fresh = {line_key(line): line for line in (*bill.setups, *bill.windows, *of_months, *bill.requested)}
    return found | fresh


def project_bill(known: Known, bill: Bill, approved: Mapping[LineKey, ApprovedLine]) -> dict[LineKey, dict[str, Any]]:
    """Values of COLUMNS by line."""
    months = {month.month: month for month in bill.months}
    differences = {line_key(one.approved): content_to_json(dict(one.codes), one.count) for one in bill.differences}
    return {
        key: {
            **line_columns(line),
            **forecast_columns(line.forecast),
            **next_code_columns(line, months.get(line.first)),
            "payer": payer_on(known, line.date_of_service),
            "approval_id": approved[key].approval_id if line.status is Status.APPROVED else None,
            "difference": differences.get(key),
        }
        for key, line in bill_lines(bill, approved).items()
    }


def line_columns(line: Line) -> dict[str, Any]:
    return {
        "kind": str(line.kind),
        "programme": str(line.programme),
        "code": line.code or "",
        "status": str(line.status),
        "because": [str(reason) for reason in line.because],
        "cautions": [str(caution) for caution in line.cautions],
        "days": list(line.days),
        "practitioner_id": int(line.practitioner) if line.practitioner else None,
        **{name: getattr(line, name) for name in SAME_NAMED},
    }


def forecast_columns(forecast: Forecast | None) -> dict[str, Any]:
    if forecast is None:
        return {"forecast": "", "days_left": None, "out_of_reach_since": None}
    kind = ForecastKind.CAN_BE_REACHED if forecast.can_be_reached else ForecastKind.OUT_OF_REACH
    return {
        "forecast": str(kind if forecast.needs else ForecastKind.REACHED),
        "days_left": forecast.left,
        "out_of_reach_since": forecast.out_of_reach_since,
    }


def next_code_columns(line: Line, month: Month | None) -> dict[str, Any]:
    """On the lines of RPM of an open month."""
    is_open = line.kind is Kind.MONTH and line.programme is Programme.RPM and line.status is Status.OPEN
    if month is None or not is_open or not month.next_code:
        return {"next_code": "", "minutes_to_next": None}
    return {"next_code": month.next_code, "minutes_to_next": month.minutes_to_next_code}


def describe_months(bill: Bill) -> list[dict[str, Any]]:
    """Newest first, as JSON."""
    return [
        {
            "month": month.month.isoformat(),
            "minutes": {str(programme): minutes for programme, minutes in month.minutes.items()},
            "seconds_lost": month.seconds_lost,
            "next_code": month.next_code or "",
            "minutes_to_next": month.minutes_to_next_code,
            "time_approved": month.time_approved,
        }
        for month in sorted(bill.months, key=lambda month: month.month, reverse=True)
    ]


def open_lines(columns: Mapping[LineKey, Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    return (row for row in columns.values() if row["status"] == Status.OPEN)


def is_expected_to_change(known: Known, columns: Mapping[LineKey, Mapping[str, Any]]) -> bool:
    """By time alone: while a line is open, or began to be ready not long ago, or monitoring continues."""
    periods = known.facts.monitoring_periods or ()
    since = known.patient_today - dt.timedelta(days=40)
    return any(True for _ in open_lines(columns)) or any(row.end is None or row.end >= since for row in periods)
