"""HTTP responses to data or to one of the four errors."""

from __future__ import annotations

import email.utils
import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

import httpx2
import msgspec

from .decoding import RecordType, parse_row
from .errors import Misconfigured, NotSent, Rejected, Unclear, VendorError
from .vocabulary import sanitize_json

MAX_BODY_BYTES = 10 * 1024 * 1024
MAX_ERROR_BODY_BYTES = 64 * 1024
MAX_ERROR_MESSAGES = 20
MAX_MESSAGE_CHARACTERS = 300
MAX_INTEGER_DIGITS = 40
FIELD_LABELS = {
    "device.hardware_uuid": "Gateway ID or IMEI",
    "device.name": "Device",
    "patient.external_id": "Patient",
    "patient.phone_number": "Phone number",
}


def read_limited_body(response: httpx2.Response, deadline: float, max_bytes: int = MAX_BODY_BYTES) -> bytes:
    """Unpacked. Raises httpx2.ReadTimeout past `deadline` (monotonic), DecodingError past `max_bytes`."""
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > max_bytes:
            raise httpx2.DecodingError("longer than we accept")
        if time.monotonic() > deadline:
            raise httpx2.ReadTimeout("the call took too long")
    return bytes(body)


def decode_json(call: str, body: bytes) -> Any:
    """JSON in UTF-8. One odd number or text must not cost the whole page, so NaN, half surrogates and endless integers
    pass here; the items are validated one by one."""
    try:
        return json.loads(body.decode("utf-8-sig"), parse_int=parse_bounded_integer)
    except (ValueError, RecursionError):
        raise Unclear(f"{call}: the response is not valid JSON") from None


def parse_bounded_integer(digits: str) -> int | str:
    return int(digits) if len(digits) <= MAX_INTEGER_DIGITS else digits


def parse_object(call: str, data: Any, kind: type[RecordType]) -> RecordType:
    try:
        return parse_row(data, kind)
    except msgspec.ValidationError as error:
        raise Unclear(f"{call}: {error}") from None


def build_vendor_error(
    call: str, status: int, headers: Mapping[str, str], body: bytes, *, is_collection: bool
) -> VendorError:
    """`is_collection`: the URL names no single object, so that 404 can only mean that the URL is wrong."""
    text = f"{call}: status {status}"
    refusal = decode_error_body(body)
    if status == 429:
        return NotSent(text, retry_after=parse_retry_after(headers), status=status)
    if status >= 500 or status == 408:  # 408: a proxy that saw some part of our request
        return Unclear(text, status=status)
    wrong_url = status == 404 and (is_collection or not isinstance(refusal, dict))  # their own 404 is JSON
    if status < 400 or status in (401, 403, 405) or wrong_url:
        return Misconfigured(text, status=status)
    fields = dict(collect_error_messages(refusal))
    return Rejected(text, reason=rejection_reason(fields, status), fields=fields, status=status)


def parse_retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds, from seconds or from an HTTP date; None when absent or unreadable."""
    value = headers.get("Retry-After", "").strip()
    if value.isascii() and value.isdigit() and len(value) < 10:
        return float(value)
    try:
        at = email.utils.parsedate_to_datetime(value).timestamp()
        # Their date against their own clock, where they send it.
        now = email.utils.parsedate_to_datetime(headers["Date"]).timestamp() if "Date" in headers else time.time()
    except (ValueError, OverflowError):
        return None
    return max(0.0, at - now)


def decode_error_body(body: bytes) -> Any:
    try:
        return sanitize_json(json.loads(body))
    except (ValueError, RecursionError):
        return None


def collect_error_messages(refusal: Any) -> Iterator[tuple[str, list[str]]]:
    found = 0
    waiting: list[tuple[str, Any]] = [("", refusal)]
    while waiting and found < MAX_ERROR_MESSAGES:
        path, value = waiting.pop(0)
        if texts := message_texts(value):
            found += 1
            yield path, texts
        else:
            waiting += [(f"{path}.{key}".lstrip("."), inner) for key, inner in nested_values(value)]


def message_texts(value: Any) -> list[str]:
    texts = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    return [
        text[:MAX_MESSAGE_CHARACTERS] for text in texts[:MAX_ERROR_MESSAGES] if isinstance(text, str) and text.strip()
    ]


def nested_values(value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return [(key[:64], inner) for key, inner in list(value.items())[:MAX_ERROR_MESSAGES]]
    items = value[:MAX_ERROR_MESSAGES] if isinstance(value, list) else []
    return [(str(index), inner) for index, inner in enumerate(items)]


def rejection_reason(fields: dict[str, list[str]], status: int) -> str:
    if fields:
        return " ".join(f"{field_label(path)}{' '.join(texts)}" for path, texts in fields.items())
    return "Tenovi no longer knows it." if status == 404 else f"Tenovi refused without saying why (status {status})."


def field_label(path: str) -> str:
    last = path.rsplit(".", 1)[-1]
    if last in ("", "detail", "non_field_errors"):
        return ""
    return FIELD_LABELS.get(path, last.replace("_", " ").capitalize()) + ": "
