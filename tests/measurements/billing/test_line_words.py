"""Words of lines: each reason, caution, state and forecast has its own."""

import datetime as dt

import pytest

from measurements.billing import line_words
from measurements.billing.engine.lines import Caution, Reason, Status
from measurements.billing.line_words import CAUTION_WORDS, REASON_WORDS, STATUS_TONES
from measurements.billing.models import BillingLine

FIRST = dt.date(2026, 11, 19)


def window(days=9, **changes):
    values = {
        "kind": "period",
        "programme": "RPM",
        "first": FIRST,
        "last": FIRST + dt.timedelta(days=29),
        "date_of_service": FIRST + dt.timedelta(days=29),
        "days": [FIRST + dt.timedelta(days=n) for n in range(days)],
        "status": "open",
    }
    return BillingLine(**values | changes)


def month(minutes, **changes):
    return window(0, kind="month", first=dt.date(2026, 11, 1), last=dt.date(2026, 11, 30), minutes=minutes, **changes)


def test_every_reason_caution_and_state_has_words():
    assert set(REASON_WORDS) == set(Reason) - {Reason.DAYS, Reason.MINUTES}
    assert set(CAUTION_WORDS) == set(Caution)
    assert set(STATUS_TONES) == set(Status)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            window(forecast="can", days_left=12),
            "16 days can still be reached: 9 of 30 measured, 12 days left, needs 7",
        ),
        (window(16, forecast="reached", days_left=3), "16 days are reached: 16 of 30 measured"),
        (
            window(3, forecast="out", out_of_reach_since=dt.date(2026, 11, 12)),
            "Out of reach since Nov 12: 3 of 30 measured",
        ),
        (month(13, next_code="99457", minutes_to_next=7), "7 minutes to 99457"),
        (month(13), ""),
        (window(status="suggested", forecast="can", days_left=0), ""),
    ],
)
def test_forecast_in_words(line, words):
    assert line_words.describe_forecast(line) == words


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (window(1, because=["days"]), ["1 day measured, too few for a code"]),
        (month(7, because=["minutes"]), ["7 minutes count, too few for a code"]),
        (
            window(because=["rules_not_confirmed", "consent"], date_of_service=dt.date(2027, 1, 5)),
            [
                "the rules of 2027 are provisional until an administrator confirms them",
                "no consent is on file",
            ],
        ),
    ],
)
def test_reasons_in_words(line, words):
    assert [text.words for text in line_words.describe_reasons(line)] == words


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (
            month(25, difference={"codes": {"99457": 1, "99458": 2}, "count": 61}),
            "Differs now: 61 minutes, 99457 + 99458 x 2",
        ),
        (window(difference={"codes": {}, "count": 1}), "Differs now: 1 day, no code"),
        (window(), ""),
    ],
)
def test_difference_in_words(line, words):
    assert line_words.describe_difference(line) == words


@pytest.mark.parametrize(
    ("line", "span", "code"),
    [
        (window(code="99454", units=1), "Nov 19 to Dec 18, 2026", "99454"),
        (month(70, code="99458", units=3), "November 2026", "99458 x 3"),
        (window(), "Nov 19 to Dec 18, 2026", "Days, no code yet"),
        (month(3), "November 2026", "Minutes, no code yet"),
    ],
)
def test_span_and_code_in_words(line, span, code):
    assert (line_words.describe_span(line), line_words.describe_code(line)) == (span, code)
