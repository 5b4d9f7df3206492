"""The answer to a facts file: billing lines as one JSON object."""

from __future__ import annotations

import datetime as dt
from typing import Any

from measurements.billing.engine.code_rules import Kind
from measurements.billing.engine.lines import Bill, Difference, Forecast, Line, Month


def describe_bill(bill: Bill) -> dict[str, Any]:
    return {
        "setups": [describe_setup(line) for line in bill.setups],
        "periods": [describe_window(line) for line in bill.windows],
        "months": [describe_month(month) for month in bill.months],
        "requested": [describe_request(line) for line in bill.requested],
        "differences": [describe_difference(difference) for difference in bill.differences],
    }


def describe_setup(line: Line) -> dict[str, Any]:
    return {
        "programme": line.programme,
        "monitoring_period": format_date(line.monitoring_period),
        **describe_result(line),
        "rules_of": line.rules_of,
    }


def describe_window(line: Line) -> dict[str, Any]:
    return {
        "programme": line.programme,
        "first": format_date(line.first),
        "last": format_date(line.last),
        "days": [format_date(day) for day in line.days],
        **describe_result(line),
        "date_of_service": format_date(line.date_of_service),
        "rules_of": line.rules_of,
        "forecast": describe_forecast(line.forecast) if line.forecast else None,
    }


def describe_result(line: Line) -> dict[str, Any]:
    return {"code": line.code, "units": line.units, "status": line.status, "because": list(line.because)}


def describe_forecast(forecast: Forecast) -> dict[str, Any]:
    return {
        "measured": forecast.measured,
        "left": forecast.left,
        "needs": forecast.needs,
        "can_be_reached": forecast.can_be_reached,
        "out_of_reach_since": format_date(forecast.out_of_reach_since),
    }


def describe_month(month: Month) -> dict[str, Any]:
    to_next = {"code": month.next_code, "minutes": month.minutes_to_next_code} if month.next_code else None
    return {
        "month": format_month(month.month),
        "minutes": {str(programme): minutes for programme, minutes in month.minutes.items()},
        "seconds_lost": month.seconds_lost,
        "lines": [describe_result(line) for line in month.lines],
        "to_next_code": to_next,
    }


def describe_request(line: Line) -> dict[str, Any]:
    return {
        "code": line.code,
        "month": format_month(line.first),
        "status": line.status,
        "because": list(line.because),
    }


def describe_difference(difference: Difference) -> dict[str, Any]:
    line = difference.approved
    is_of_window = line.kind in (Kind.PERIOD, Kind.SETUP)
    named = {"window": format_date(line.first)} if is_of_window else {"month": format_month(line.first)}
    count = "days" if is_of_window else "minutes"
    return {**named, "code": line.code, "now": {"codes": dict(difference.codes), count: difference.count}}


def format_date(day: dt.date | None) -> str | None:
    return day.isoformat() if day else None


def format_month(month: dt.date) -> str:
    return f"{month:%Y-%m}"
