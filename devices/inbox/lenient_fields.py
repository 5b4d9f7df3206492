"""Lenient reading of what a payload says beside identity and values: as far as possible, else dropped and named."""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, TypeVar

from devices.inbox.payload_parsing import InvalidPayload, JsonNumber, PayloadItem, parse_items

Default = TypeVar("Default")

MAX_TEXT_LENGTH = 255
ABSENT_WORDS = frozenset(("", "-", "--", "\u2013", "\u2014", "n/a", "na", "nan", "nil", "none", "null", "undefined"))
FLAG_WORDS = {
    **dict.fromkeys(("true", "t", "yes", "y", "on", "1"), True),
    **dict.fromkeys(("false", "f", "no", "n", "off", "0"), False),
}
MAX_WORD_LENGTH = max(map(len, (*ABSENT_WORDS, *FLAG_WORDS)))
SHORT_INTEGER = re.compile(r"-?\d{1,9}", re.ASCII)
NUMBER = re.compile(r"[+-]?\d{1,30}(\.\d{0,30})?(e[+-]?\d{1,2})?", re.ASCII | re.IGNORECASE)


def is_absent(value: Any) -> bool:
    """Null, empty, or a word for nothing such as `N/A`."""
    if isinstance(value, str):
        text = value.strip()
        return len(text) <= MAX_WORD_LENGTH and text.casefold() in ABSENT_WORDS
    return value is None or value == [] or value == {}


def parse_whole_number(value: Any) -> int | None:
    """1, "1", 1.0 and 1e0 are 1; None for anything that is not a whole number."""
    text = value.strip() if isinstance(value, str) else ""
    if SHORT_INTEGER.fullmatch(text):
        return int(text)
    if not NUMBER.fullmatch(text):
        return None
    number = Decimal(text)
    return int(number) if number == number.to_integral_value() else None


def describe_dropped(names: Iterable[str]) -> str:
    """The note of a delivery whose reading was stored without these fields; empty for none. Holds no value."""
    listed = ", ".join(sorted(set(names)))
    return f"Read without what could not be understood: {listed}." if listed else ""


class LenientReader:
    """Each method takes a field's name and value and returns what can be read of it; `dropped` names the others."""

    def __init__(self) -> None:
        self.dropped: list[str] = []

    def drop(self, name: str, default: Default) -> Default:
        self.dropped.append(name)
        return default

    def text(self, name: str, value: Any) -> str:
        """Without spaces around, at most 255 characters; a whole number as its digits."""
        if type(value) is str:
            text = value.strip()
            absent = len(text) <= MAX_WORD_LENGTH and text.casefold() in ABSENT_WORDS
            return "" if absent else text[:MAX_TEXT_LENGTH]
        if isinstance(value, JsonNumber):
            number = parse_whole_number(value)
            return value[:MAX_TEXT_LENGTH] if number is None else str(number)
        return "" if is_absent(value) else self.drop(name, "")

    def integer(self, name: str, value: Any, *, lowest: int, highest: int) -> int | None:
        if type(value) is not JsonNumber and is_absent(value):
            return None
        number = parse_whole_number(value)
        return number if number is not None and lowest <= number <= highest else self.drop(name, None)

    def flag(self, name: str, value: Any) -> bool:
        """False where nothing is said."""
        if isinstance(value, bool) or is_absent(value):
            return value is True
        number = parse_whole_number(value)
        text = str(value).strip().casefold() if number is None else str(number)
        return FLAG_WORDS[text] if text in FLAG_WORDS else self.drop(name, False)

    def mapping(self, name: str, value: Any) -> dict[str, Any]:
        """An object, also as the only one of a list or as JSON in a text."""
        if isinstance(value, dict):
            return value
        if is_absent(value):
            return {}
        found = value if isinstance(value, list) else parse_json_text(value)
        return found[0] if len(found) == 1 and isinstance(found[0], dict) else self.drop(name, {})


def parse_json_text(value: Any) -> list[Any]:
    if not isinstance(value, str):
        return []
    try:
        return [item.fields for item in parse_items(value.encode()) if isinstance(item, PayloadItem)]
    except InvalidPayload:
        return []
