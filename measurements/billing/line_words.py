"""Words of billing lines: status, reasons, cautions, forecast and differences, for pages and files.

Pure functions of a stored line, which the engine's answer fills; `measurements.billing.engine.lines` names the kinds.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.utils.formats import date_format

from measurements.billing.engine.code_rules import Kind
from measurements.billing.engine.lines import MISSING_REASONS, Caution, Reason, Status
from measurements.billing.models import BillingLine
from measurements.billing.models.line import STATUS_LABELS, ForecastKind
from measurements.local_days import ONE_DAY
from patients.wording import count_noun

WINDOW_DAYS, FULL_DAYS = 30, 16
DEVICE_KINDS = (Kind.SETUP, Kind.PERIOD)
STATUS_TONES = {
    Status.OPEN: "idle",
    Status.SUGGESTED: "info",
    Status.MISSING: "warn",
    Status.BLOCKED: "bad",
    Status.NEVER: "idle",
    Status.APPROVED: "ok",
}
REASON_WORDS = {
    Reason.RULES_NOT_CONFIRMED: "the rules of {year} are provisional until an administrator confirms them",
    Reason.PROGRAMME: "the patient isn't in the programme, or its system isn't on file",
    Reason.CONSENT: "no consent is on file",
    Reason.ORDER: "no order with a diagnosis is in force on the date of service",
    Reason.RELATIONSHIP: "no visit before the first day is on file",
    Reason.OTHER_PRACTICE: "another practice bills monitoring of this patient",
    Reason.ACCESS: "the patient takes part in ACCESS",
    Reason.PAYER: "the payer doesn't cover it for these diagnoses",
    Reason.PRIOR_AUTHORISATION: "the payer asks for a prior authorization, and none is on file",
    Reason.LIVE_INTERACTION: "no live interaction in the month is on file",
    Reason.EDUCATION: "no education in time is on file",
    Reason.RPM_AND_RTM: "RPM and RTM don't go together; the other one began first",
    Reason.BESIDE_99457: "99457 or 99458 is in the same month",
}
CAUTION_WORDS = {
    Caution.LATE_READINGS: "late readings may still come",
    Caution.LATE_ORDER: "the order was given after the first day",
    Caution.NO_ATTESTATION: "no attestation about other practices is on file",
    Caution.SETUP_DAYS: "fewer than 16 days, which some payers want for a set-up",
    Caution.SECOND_SETUP: "a second set-up within 12 months",
    Caution.MANY_UNITS: "3 units or more",
    Caution.APCM: "APCM is billed in these days",
}
# Where a missing fact is put on file: a route of the patient.
FACT_ROUTES = dict.fromkeys(MISSING_REASONS | {Reason.PROGRAMME, Reason.PAYER}, "programmes:page")
FACT_ROUTES[Reason.LIVE_INTERACTION] = "care:new_note"


@dataclass(frozen=True)
class ReasonText:
    """`route`: of the page on which the patient's missing fact is put on file; empty where there is none."""

    words: str
    route: str


def describe_status(line: BillingLine) -> str:
    return STATUS_LABELS[Status(line.status)]


def status_tone(line: BillingLine) -> str:
    return STATUS_TONES[Status(line.status)]


def describe_reasons(line: BillingLine) -> list[ReasonText]:
    reasons = [Reason(reason) for reason in line.because]
    return [ReasonText(describe_reason(line, reason), FACT_ROUTES.get(reason, "")) for reason in reasons]


def describe_reason(line: BillingLine, reason: Reason) -> str:
    if reason is Reason.DAYS:
        return f"{count_noun(len(line.days), 'day')} measured, too few for a code"
    if reason is Reason.MINUTES:
        return f"{count_noun(line.minutes or 0, 'minute')} count, too few for a code"
    return REASON_WORDS[reason].format(year=line.date_of_service.year)


def describe_cautions(line: BillingLine) -> list[str]:
    return [CAUTION_WORDS[Caution(caution)] for caution in line.cautions]


def describe_forecast(line: BillingLine) -> str:
    """Of an open window or month; empty for others."""
    if line.status != Status.OPEN:
        return ""
    if line.kind == Kind.MONTH:
        return f"{count_noun(line.minutes_to_next or 0, 'minute')} to {line.next_code}" if line.next_code else ""
    measured, left = len(line.days), line.days_left or 0
    if line.forecast == ForecastKind.REACHED:
        return f"16 days are reached: {measured} of {WINDOW_DAYS} measured"
    if line.forecast == ForecastKind.CAN_BE_REACHED:
        needs = FULL_DAYS - measured
        counted = f"{measured} of {WINDOW_DAYS} measured, {count_noun(left, 'day')} left, needs {needs}"
        return f"16 days can still be reached: {counted}"
    if line.forecast == ForecastKind.OUT_OF_REACH and line.out_of_reach_since:
        return f"Out of reach since {date_format(line.out_of_reach_since, 'M j')}: {measured} of {WINDOW_DAYS} measured"
    return ""


def describe_count(line: BillingLine) -> str:
    """ "17 days" or "42 minutes": what was counted for the line."""
    if line.kind in DEVICE_KINDS:
        return count_noun(len(line.days), "day")
    return count_noun(line.minutes or 0, "minute")


def describe_code(line: BillingLine) -> str:
    """ "99458 x 2"; of a line that reaches no code yet what it is counted over."""
    if not line.code:
        return "Days, no code yet" if line.kind in DEVICE_KINDS else "Minutes, no code yet"
    return f"{line.code} x {line.units}" if line.units > 1 else line.code


def describe_difference(line: BillingLine) -> str:
    """ "Differs now: 40 minutes, 99457 + 99458". Empty where nothing differs."""
    if line.difference is None:
        return ""
    codes = [f"{code} x {units}" if units > 1 else code for code, units in line.difference["codes"].items()]
    unit = "day" if line.kind in DEVICE_KINDS else "minute"
    return f"Differs now: {count_noun(line.difference['count'], unit)}, {' + '.join(codes) or 'no code'}"


def describe_span(line: BillingLine) -> str:
    """ "Oct 20 to Nov 18, 2026" of a window, "November 2026" of a month."""
    if line.kind in DEVICE_KINDS:
        return f"{date_format(line.first, 'M j')} to {date_format(line.last, 'M j, Y')}"
    return date_format(line.first, "F Y")


def next_step(line: BillingLine, today: dt.date) -> str:
    """What a person does with the line next; empty where nothing is to be done."""
    status = Status(line.status)
    if line.difference is not None:
        return "Approve the new, or confirm the approved with a reason"
    if status is Status.SUGGESTED:
        return "To be approved by the practitioner"
    if status is Status.MISSING:
        return "Put on file what is missing"
    if status is Status.OPEN:
        return f"Ready from {date_format(line.last + ONE_DAY, 'M j')} on" if today <= line.last else ""
    return ""
