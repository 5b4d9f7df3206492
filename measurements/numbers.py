"""Rounding of every number that is shown (half up, no minus zero), and shares in percent."""

from __future__ import annotations

import math

# A float that should be a half may be stored a hair below it. In places of the last digit: far above the error of any
# conversion, far below the distance of an average of ten thousand readings from a half.
HALF_TOLERANCE = 1e-6


def round_half_up(value: float, places: int) -> float:
    """124.5 is 125. Half away from zero, so that a gain and a loss of one size have the same digits; no minus zero."""
    scale = 10.0**places
    rounded = math.floor(abs(value) * scale + 0.5 + HALF_TOLERANCE) / scale
    return math.copysign(rounded, value) if rounded else 0.0


def format_number(value: float, places: int) -> str:
    """With exactly so many decimals."""
    return f"{round_half_up(value, places):.{places}f}"


def format_rounded(value: float, places: int) -> str:
    """A number that is rounded already, with at least so many decimals."""
    given = repr(value).partition(".")[2]
    return f"{value:.{max(places, len(given.rstrip('0')))}f}"


def format_signed(text: str) -> str:
    """A formatted change with a plus or a real minus sign; zero has none: +3.9, 0.0."""
    return text.replace("-", "\N{MINUS SIGN}") if text.startswith("-") or not text.strip("0.") else f"+{text}"


def format_share(part: int, whole: int) -> str:
    """A share in percent, rounded towards the middle: two complementary shares add up to 100.

    100 % is all and 0 % is none: what is nearly so is "> 99 %" and "< 1 %". Empty without any.
    """
    if not whole:
        return ""
    if 0 < 100 * part < whole:
        return "< 1 %"
    if 0 < 100 * (whole - part) < whole:
        return "> 99 %"
    return f"{100 * part // whole if 2 * part >= whole else -(-100 * part // whole)} %"
