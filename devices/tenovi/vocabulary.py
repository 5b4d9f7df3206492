"""Mapping of Tenovi's statuses, times and JSON keys to the product's."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from devices.statuses import DeviceState
from patients.folding import fold_text

WORD_SEPARATORS = re.compile(r"[\s_-]+")
MAX_WORD_LENGTH = 64


@lru_cache(4096)
def fold_word(text: str) -> str:
    """Equal for all spellings of one of the vendor's words: `spO2`, `SPO2`; `pre-prandial`, `Pre Prandial`."""
    return WORD_SEPARATORS.sub("", fold_text(text))


def fold_known_words(words: Iterable[str]) -> dict[str, str]:
    """Known words by their folded form; two that fold alike are left out, because a spelling could mean either."""
    by_fold: dict[str, list[str]] = {}
    for word in words:
        by_fold.setdefault(fold_word(word), []).append(word)
    return {fold: same[0] for fold, same in by_fold.items() if len(same) == 1}


def match_known_word(text: str, known: dict[str, str]) -> str:
    """The one known word that `text` spells, else `text` as it is."""
    return known.get(fold_word(text), text) if len(text) <= MAX_WORD_LENGTH else text


# The vendor's status words. None: an event, which leaves the state unchanged. Any other word is `other`.
VENDOR_STATUSES: dict[str, DeviceState | None] = {
    "pending shipment": DeviceState.PENDING,
    "pending": DeviceState.PENDING,
    "dropship requested": DeviceState.REQUESTED,
    "requested": DeviceState.REQUESTED,
    "client action required": DeviceState.ACTION_REQUIRED,
    "on hold": DeviceState.ON_HOLD,
    "ready to ship": DeviceState.READY,
    "shipped": DeviceState.SHIPPED,
    "dropshipped": DeviceState.SHIPPED,
    "delivered": DeviceState.DELIVERED,
    "connected": DeviceState.CONNECTED,
    "returned": DeviceState.RETURNED,
    "unlinked": DeviceState.UNLINKED,
    "unknown gateway id": DeviceState.UNKNOWN_GATEWAY,
    "cancelled": DeviceState.CANCELLED,
    "canceled": DeviceState.CANCELLED,
    "replaced": None,
}

STATES_BY_FOLDED_STATUS = {fold_word(status): state for status, state in VENDOR_STATUSES.items()}

USUAL_ISO_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)
ISO_TIME = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d|\d{8}|\d{4}-?W\d\d-?\d)[T ]"
    r"(?P<time>\d\d:\d\d(:\d\d([.,]\d{1,30})?)?|\d{4}(\d\d([.,]\d{1,30})?)?)"
    r" ?(?P<zone>Z|UTC|GMT|[+-]\d\d(:?\d\d)?)",
    re.ASCII,
)
# NUL and lone surrogates, which neither text nor jsonb can hold, and the controls that turn the direction of the text
# after them, so that a page would show another word than the one that came.
UNSAFE_CHARACTERS = re.compile(r"[\x00\ud800-\udfff\u202a-\u202e\u2066-\u2069]")


def parse_device_state(words: str | None) -> DeviceState | None:
    """None for `Replaced`, which is an event and not a state."""
    return STATES_BY_FOLDED_STATUS.get(fold_word(words or ""), DeviceState.OTHER)


def rewrite_iso_time(text: str) -> str:
    """As `datetime.fromisoformat` reads it."""
    found = ISO_TIME.fullmatch(text.strip().upper().replace("\N{MINUS SIGN}", "-"))
    if not found:
        raise ValueError("not a time with a zone")
    zone = "Z" if found["zone"] in ("UTC", "GMT") else found["zone"]
    return f"{found['date']}T{found['time']}{zone}"


def parse_time(text: str) -> dt.datetime:
    """A date and time with a zone, in any spelling of ISO 8601 (`2026-11-01 10:00+0000`); in UTC. Else ValueError."""
    written = text if USUAL_ISO_TIME.fullmatch(text) else rewrite_iso_time(text)
    try:
        return dt.datetime.fromisoformat(written).astimezone(dt.UTC)
    except OverflowError as error:
        raise ValueError("not a time on the calendar") from error


def format_time(at: dt.datetime) -> str:
    """For query strings: UTC, ending in Z. ValueError for a time without a zone."""
    if at.utcoffset() is None:
        raise ValueError("a time without a zone")
    return at.astimezone(dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def sanitize_json(data: Any) -> Any:
    """Strip spaces around keys (`"status "` was seen; the exact key wins) and replace unsafe characters."""
    if isinstance(data, dict):
        stray_first = sorted(data, key=lambda key: key == key.strip())
        return {key.strip(): sanitize_json(data[key]) for key in stray_first}
    if isinstance(data, list):
        return [sanitize_json(item) for item in data]
    return UNSAFE_CHARACTERS.sub("\ufffd", data) if isinstance(data, str) else data
