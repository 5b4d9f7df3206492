"""From the vendor's bytes to items that can be judged one by one. Hostile input ends in a reason, never in a crash."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec

DEEPEST = 32
BROKEN_TEXT = re.compile(r"[\x00\ud800-\udfff]")  # what neither text nor jsonb can hold
QUOTED = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)
BRACKET = re.compile(r"[][{}]")
SPACE = re.compile(r"[ \t\r\n]*")
INTEGER = re.compile(r"-?\d{1,18}", re.ASCII)
ODD_ESCAPE = re.compile(r'\\(?:"|u(?:0000|[dD][89a-fA-F]))')
USUAL = frozenset(  # keys of a measurement item: one look instead of one for each
    ("metric", "device_name", "hwi_device_id", "patient_id", "hardware_uuid", "sensor_code", "value_1", "value_2",
     "created", "timestamp", "timezone_offset", "estimated_timestamp", "filter_params", "measurement_index",
     "meal_context", "measurement_location")
)  # fmt: skip
FOREIGN = {  # how bodies begin that are not UTF-8, in words for whoever has to write to the vendor
    b"\x1f\x8b": "The body is compressed (gzip); only plain JSON can be read.",
    b"\x28\xb5\x2f\xfd": "The body is compressed (zstd); only plain JSON can be read.",
    b"\x78\x01": "The body is compressed (deflate); only plain JSON can be read.",
    b"\x78\x9c": "The body is compressed (deflate); only plain JSON can be read.",
    b"\x78\xda": "The body is compressed (deflate); only plain JSON can be read.",
    b"\xff\xfe": "The text is UTF-16, not UTF-8.",
    b"\xfe\xff": "The text is UTF-16, not UTF-8.",
}


class Unusable(ValueError):
    """Why something the vendor sent can't be used, in words for a person. Holds no value of a patient."""


class Number(str):
    """A JSON number as it was written: no digit is lost to a float before somebody has judged it."""

    __slots__ = ()


class NotANumber(str):
    """NaN or Infinity, which Python's reader accepts though JSON has none."""

    __slots__ = ()


class Repeated(dict[str, Any]):
    """An object in which a key stood twice: which of the two was meant, nobody can say."""


@dataclass(frozen=True)
class Text:
    """What came, taken apart only when somebody asks for one item's own text, and then once for all of them."""

    whole: str

    @cached_property
    def parts(self) -> list[str]:
        return [raw for raw, _ in _split(self.whole)]


class Item(msgspec.Struct, frozen=True):
    """One object of a body: where it stands, its keys (stray spaces stripped), and whether text had to be repaired."""

    text: Text
    position: int
    fields: dict[str, Any]
    repaired: bool = False

    @property
    def raw(self) -> str:
        """Its own text, exactly as it came."""
        return self.text.parts[self.position]


def items_of(body: bytes) -> list[Item | Unusable]:
    """The object, or the objects of the list. Raises Unusable when the body as a whole can't be read."""
    text = _text(body)
    return _quickly(text) or _carefully(text)


def _quickly(text: str) -> list[Item | Unusable] | None:
    """The same items as `_carefully`, for a body in which nothing is odd; None where anything might be.

    Four fifths of the careful reader's time go into looking for what a body without these signs can't hold. Where no
    text holds a quotation mark and no space follows one, each key is followed by `":`, so that a key which stands twice
    shows in their number, as anything nested shows in the number of brackets.
    """
    if any(char in text for char in "\x00\t\r\n") or '" ' in text or ("\\" in text and ODD_ESCAPE.search(text)):
        return None
    try:
        found = QUICK.decode(text)
    except (ValueError, RecursionError):
        return None
    items = found if type(found) is list else [found]
    if text.count("[") != (found is items) or not all(type(fields) is dict and _stripped(fields) for fields in items):
        return None
    params = [each for each in (fields.get("filter_params") for fields in items) if type(each) is dict]
    if text.count("{") != len(items) + len(params) or not all(map(_stripped, params)):
        return None
    if text.count('":') != sum(map(len, items)) + sum(map(len, params)):
        return None
    whole = Text(text)
    return [Item(whole, position, fields) for position, fields in enumerate(items)]


def _stripped(value: dict[str, Any]) -> bool:
    return USUAL.issuperset(value) or all(key == key.strip() for key in value)


def _carefully(text: str) -> list[Item | Unusable]:
    if _depth(text) > DEEPEST:
        raise Unusable(f"The JSON is nested deeper than {DEEPEST} levels.")
    whole = Text(text)
    try:
        return [_item(whole, position, value) for position, (_, value) in enumerate(_split(text))]
    except (ValueError, RecursionError) as error:
        raise Unusable("This is not valid JSON.") from error


def item_of(value: Any) -> Item | Unusable:
    """One item that was read elsewhere (a page of the vendor's list) judged by the same rules as one of a webhook."""
    try:
        return _item(Text(json.dumps(value, allow_nan=False)), 0, _as_written(value))
    except ValueError:
        return Unusable("A value is NaN or infinite.")


def _as_written(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _as_written(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_as_written(item) for item in value]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return Number(value)
    return value


def _text(body: bytes) -> str:
    if not body.strip():
        raise Unusable("The body is empty.")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        known = (words for start, words in FOREIGN.items() if body.startswith(start))
        raise Unusable(next(known, "The text is not UTF-8.")) from error


def _depth(text: str) -> int:
    if text.count("[") + text.count("{") <= DEEPEST:
        return 0
    level = deepest = 0
    for bracket in BRACKET.findall(QUOTED.sub("", text)):
        level += 1 if bracket in "[{" else -1
        deepest = max(deepest, level)
    return deepest


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    return found if len(found) == len(pairs) else Repeated(found)


def _odd(constant: str) -> None:
    raise ValueError(constant)


QUICK = json.JSONDecoder(parse_int=Number, parse_float=Number, parse_constant=_odd, strict=False)
CAREFUL = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_int=Number, parse_float=Number, parse_constant=NotANumber, strict=False
)


def _skip(text: str, at: int) -> int:
    found = SPACE.match(text, at)
    return found.end() if found else at


def _split(text: str) -> Iterable[tuple[str, Any]]:
    """Each item with its own text, so that a bad one can be kept apart exactly as it came."""
    at = _skip(text, 0)
    if text[at : at + 1] != "[":
        value, end = CAREFUL.raw_decode(text, at)
        _nothing_after(text, end)
        yield text[at:end], value
        return
    at = _skip(text, at + 1)
    while text[at : at + 1] != "]":
        value, end = CAREFUL.raw_decode(text, at)
        yield text[at:end], value
        at = _skip(text, end)
        if text[at : at + 1] == ",":
            at = _skip(text, at + 1)
        elif text[at : at + 1] != "]":
            raise ValueError("a comma is missing")
    _nothing_after(text, at + 1)


def _nothing_after(text: str, end: int) -> None:
    if _skip(text, end) != len(text):
        raise ValueError("text after the end")


def _item(whole: Text, position: int, value: Any) -> Item | Unusable:
    if not isinstance(value, dict):
        return Unusable("An item is not an object.")
    if _has(value, Repeated):
        return Unusable("A key stands twice in one object.")
    if _has(value, NotANumber):
        return Unusable("A value is NaN or infinite.")
    cleaned = _clean(value)
    stripped = {key.strip(): item for key, item in cleaned.items()}
    if len(stripped) != len(cleaned):
        return Unusable("A key stands twice in one object.")
    return Item(whole, position, stripped, repaired=_has_broken_text(value))


def _has(value: Any, kind: type) -> bool:
    if isinstance(value, kind):
        return True
    if isinstance(value, dict):
        return any(_has(item, kind) for item in value.values())
    return isinstance(value, list) and any(_has(item, kind) for item in value)


def _has_broken_text(value: Any) -> bool:
    if isinstance(value, dict):
        return any(_has_broken_text(key) or _has_broken_text(item) for key, item in value.items())
    if isinstance(value, list):
        return any(_has_broken_text(item) for item in value)
    return isinstance(value, str) and bool(BROKEN_TEXT.search(value))


def _clean(value: Any) -> Any:
    """NUL and lone surrogates become U+FFFD; the raw bytes stay in the delivery."""
    if isinstance(value, dict):
        return {BROKEN_TEXT.sub("\ufffd", key): _clean(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if type(value) is str:
        return BROKEN_TEXT.sub("\ufffd", value)
    return value


def plain(value: Any) -> Any:
    """For storing as jsonb: numbers become int where they are short integers, else they stay as written."""
    if isinstance(value, Number):
        return int(value) if INTEGER.fullmatch(value) else str(value)
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value
