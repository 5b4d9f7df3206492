"""Parsing of webhook bodies to items that are validated one by one. Hostile input gives a reason, never a crash."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec

from devices.tenovi.vocabulary import UNSAFE_CHARACTERS

MAX_NESTING_DEPTH = 32
JSON_STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
JSON_BRACKET = re.compile(r"[][{}]")
JSON_SPACE = re.compile(r"[ \t\r\n]*")
SHORT_INTEGER = re.compile(r"-?\d{1,18}", re.ASCII)
SPECIAL_ESCAPE = re.compile(r'\\(?:"|u(?:0000|[dD][89a-fA-F]|202[a-eA-E]|206[6-9]))')
MEASUREMENT_KEYS = frozenset(  # keys of a measurement item: one subset test instead of one strip for each
    ("metric", "device_name", "hwi_device_id", "patient_id", "hardware_uuid", "sensor_code", "value_1", "value_2",
     "created", "timestamp", "timezone_offset", "estimated_timestamp", "filter_params", "measurement_index",
     "meal_context", "measurement_location", "alert")
)  # fmt: skip
UNSUPPORTED_ENCODINGS = {  # how bodies begin that are not UTF-8, as a text for the person who writes to the vendor
    b"\x1f\x8b": "The body is compressed (gzip); only plain JSON can be read.",
    b"\x28\xb5\x2f\xfd": "The body is compressed (zstd); only plain JSON can be read.",
    b"\x78\x01": "The body is compressed (deflate); only plain JSON can be read.",
    b"\x78\x9c": "The body is compressed (deflate); only plain JSON can be read.",
    b"\x78\xda": "The body is compressed (deflate); only plain JSON can be read.",
    b"\xff\xfe": "The text is UTF-16, not UTF-8.",
    b"\xfe\xff": "The text is UTF-16, not UTF-8.",
}


class InvalidPayload(ValueError):
    """Why something the vendor sent can't be used, in words for a person. Its text holds no value of a patient.

    `item`: what can't be used, where more than its text is known.
    """

    def __init__(self, reason: str, item: Any = None) -> None:
        super().__init__(reason)
        self.item = item


class JsonNumber(str):
    """A JSON number as it was written: no digit is lost to a float before it is validated."""

    __slots__ = ()


class NonFiniteNumber(str):
    """NaN or Infinity, which Python's reader accepts though JSON has none."""

    __slots__ = ()


class DuplicateKeys(dict[str, Any]):
    """An object with a key given twice: which of the two was meant is unknown."""


@dataclass(frozen=True)
class PayloadText:
    """The text of a body, split into the texts of its items on first use."""

    source: str

    @cached_property
    def item_texts(self) -> list[str]:
        return [raw for raw, _ in split_items(self.source)]


class PayloadItem(msgspec.Struct, frozen=True):
    """One object of a body: its position, its keys (stray spaces stripped), and whether text had to be repaired."""

    text: PayloadText
    position: int
    fields: dict[str, Any]
    repaired: bool = False

    @property
    def raw(self) -> str:
        """Its own text, exactly as it came."""
        return self.text.item_texts[self.position]


def parse_items(body: bytes) -> list[PayloadItem | InvalidPayload]:
    """The object, or the objects of the list. Raises InvalidPayload when the body as a whole can't be read."""
    text = decode_body(body)
    return parse_items_fast(text) or parse_items_strict(text)


def parse_items_fast(text: str) -> list[PayloadItem | InvalidPayload] | None:
    """The items of `parse_items_strict` for a body without anything unusual; None where there might be something.

    Four fifths of the strict parser's time go into searches for what such a body can't hold. Where no text holds a
    quotation mark and no space follows one, each key is followed by `":`, so that a key that is given twice shows in
    their number, as anything nested shows in the number of brackets.
    """
    if any(char in text for char in "\x00\t\r\n") or '" ' in text or ("\\" in text and SPECIAL_ESCAPE.search(text)):
        return None
    if not text.isascii() and UNSAFE_CHARACTERS.search(text):
        return None
    try:
        found = FAST_DECODER.decode(text)
    except (ValueError, RecursionError):
        return None
    items = found if type(found) is list else [found]
    if text.count("[") != (found is items) or not all(
        type(fields) is dict and has_stripped_keys(fields) for fields in items
    ):
        return None
    params = [each for each in (fields.get("filter_params") for fields in items) if type(each) is dict]
    if text.count("{") != len(items) + len(params) or not all(map(has_stripped_keys, params)):
        return None
    if text.count('":') != sum(map(len, items)) + sum(map(len, params)):
        return None
    whole = PayloadText(text)
    return [PayloadItem(whole, position, fields) for position, fields in enumerate(items)]


def has_stripped_keys(value: dict[str, Any]) -> bool:
    return MEASUREMENT_KEYS.issuperset(value) or all(key == key.strip() for key in value)


def parse_items_strict(text: str) -> list[PayloadItem | InvalidPayload]:
    if nesting_depth(text) > MAX_NESTING_DEPTH:
        raise InvalidPayload(f"The JSON is nested deeper than {MAX_NESTING_DEPTH} levels.")
    whole = PayloadText(text)
    try:
        return [build_item(whole, position, value) for position, (_, value) in enumerate(split_items(text))]
    except (ValueError, RecursionError) as error:
        raise InvalidPayload("This is not valid JSON.") from error


def parse_item(value: Any) -> PayloadItem | InvalidPayload:
    """One item that was fetched (a page of the vendor's list) validated by the same rules as one of a webhook."""
    try:
        return build_item(PayloadText(json.dumps(value, allow_nan=False)), 0, wrap_json_numbers(value))
    except ValueError:
        return InvalidPayload("A value is NaN or infinite.", value)


def wrap_json_numbers(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: wrap_json_numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [wrap_json_numbers(item) for item in value]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return JsonNumber(value)
    return value


def decode_body(body: bytes) -> str:
    if not body.strip():
        raise InvalidPayload("The body is empty.")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        known = (words for start, words in UNSUPPORTED_ENCODINGS.items() if body.startswith(start))
        raise InvalidPayload(next(known, "The text is not UTF-8.")) from error


def nesting_depth(text: str) -> int:
    if text.count("[") + text.count("{") <= MAX_NESTING_DEPTH:
        return 0
    level = deepest = 0
    for bracket in JSON_BRACKET.findall(JSON_STRING.sub("", text)):
        level += 1 if bracket in "[{" else -1
        deepest = max(deepest, level)
    return deepest


def build_json_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else DuplicateKeys(found)


def reject_constant(constant: str) -> None:
    raise ValueError(constant)


FAST_DECODER = json.JSONDecoder(
    parse_int=JsonNumber, parse_float=JsonNumber, parse_constant=reject_constant, strict=False
)
STRICT_DECODER = json.JSONDecoder(
    object_pairs_hook=build_json_object,
    parse_int=JsonNumber,
    parse_float=JsonNumber,
    parse_constant=NonFiniteNumber,
    strict=False,
)


def skip_whitespace(text: str, at: int) -> int:
    found = JSON_SPACE.match(text, at)
    return found.end() if found else at


def split_items(text: str) -> Iterable[tuple[str, Any]]:
    """Each item with its own text, so that a bad one can be stored apart exactly as it came."""
    at = skip_whitespace(text, 0)
    if text[at : at + 1] != "[":
        value, end = STRICT_DECODER.raw_decode(text, at)
        require_end_of_text(text, end)
        yield text[at:end], value
        return
    at = skip_whitespace(text, at + 1)
    while text[at : at + 1] != "]":
        value, end = STRICT_DECODER.raw_decode(text, at)
        yield text[at:end], value
        at = skip_whitespace(text, end)
        if text[at : at + 1] == ",":
            at = skip_whitespace(text, at + 1)
        elif text[at : at + 1] != "]":
            raise ValueError("a comma is missing")
    require_end_of_text(text, at + 1)


def require_end_of_text(text: str, end: int) -> None:
    if skip_whitespace(text, end) != len(text):
        raise ValueError("text after the end")


def build_item(whole: PayloadText, position: int, value: Any) -> PayloadItem | InvalidPayload:
    if not isinstance(value, dict):
        return InvalidPayload("An item is not an object.", value)
    if contains_type(value, DuplicateKeys):
        return InvalidPayload("A key is given twice in one object.", whole.item_texts[position])
    if contains_type(value, NonFiniteNumber):
        return InvalidPayload("A value is NaN or infinite.", value)
    cleaned = replace_unsafe_characters(value)
    stripped = {key.strip(): item for key, item in cleaned.items()}
    if len(stripped) != len(cleaned):
        return InvalidPayload("A key is given twice in one object.", whole.item_texts[position])
    return PayloadItem(whole, position, stripped, repaired=contains_unsafe_characters(value))


def contains_type(value: Any, kind: type) -> bool:
    if isinstance(value, kind):
        return True
    if isinstance(value, dict):
        return any(contains_type(item, kind) for item in value.values())
    return isinstance(value, list) and any(contains_type(item, kind) for item in value)


def contains_unsafe_characters(value: Any) -> bool:
    if isinstance(value, dict):
        return any(contains_unsafe_characters(key) or contains_unsafe_characters(item) for key, item in value.items())
    if isinstance(value, list):
        return any(contains_unsafe_characters(item) for item in value)
    return isinstance(value, str) and bool(UNSAFE_CHARACTERS.search(value))


def replace_unsafe_characters(value: Any) -> Any:
    """Each unsafe character becomes U+FFFD; the raw bytes stay in the delivery."""
    if isinstance(value, dict):
        return {UNSAFE_CHARACTERS.sub("\ufffd", key): replace_unsafe_characters(item) for key, item in value.items()}
    if isinstance(value, list):
        return [replace_unsafe_characters(item) for item in value]
    if type(value) is str:
        return UNSAFE_CHARACTERS.sub("\ufffd", value)
    return value


def to_plain_json(value: Any) -> Any:
    """For storing as jsonb: numbers become int where they are short integers, else they stay as written."""
    if isinstance(value, JsonNumber):
        return int(value) if SHORT_INTEGER.fullmatch(value) else str(value)
    if isinstance(value, dict):
        return {key: to_plain_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [to_plain_json(item) for item in value]
    return value
