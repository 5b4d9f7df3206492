"""Mapping of Tenovi's statuses, times and JSON keys to the product's."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

from devices.statuses import DeviceState

# The vendor's status words, case-folded. None: an event, which leaves the state unchanged. Any other word is `other`.
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

ISO_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)
UNSTORABLE_CHARACTERS = re.compile("[\x00\ud800-\udfff]")  # PostgreSQL takes neither NUL nor half a surrogate pair


def parse_device_state(words: str | None) -> DeviceState | None:
    """None for `Replaced`, which is an event and not a state."""
    return VENDOR_STATUSES.get(" ".join((words or "").split()).casefold(), DeviceState.OTHER)


def parse_time(text: str) -> dt.datetime:
    """ISO 8601 with seconds, an optional fraction, and `Z` or an offset; in UTC. ValueError otherwise."""
    if not ISO_TIME.fullmatch(text):
        raise ValueError("not a time with seconds and a zone")
    try:
        return dt.datetime.fromisoformat(text).astimezone(dt.UTC)
    except OverflowError as error:
        raise ValueError("not a time on the calendar") from error


def format_time(at: dt.datetime) -> str:
    """For query strings: UTC, ending in Z. ValueError for a time without a zone."""
    if at.utcoffset() is None:
        raise ValueError("a time without a zone")
    return at.astimezone(dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def sanitize_json(data: Any) -> Any:
    """Strip spaces around keys (`"status "` was seen; the exact key wins) and replace unstorable characters."""
    if isinstance(data, dict):
        stray_first = sorted(data, key=lambda key: key == key.strip())
        return {key.strip(): sanitize_json(data[key]) for key in stray_first}
    if isinstance(data, list):
        return [sanitize_json(item) for item in data]
    return UNSTORABLE_CHARACTERS.sub("\ufffd", data) if isinstance(data, str) else data
