"""The four errors of vendor calls. Their text names the endpoint and the kind of failure, and never a key, an address,
an id or a part of a body, so that it may be logged."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus


class VendorError(Exception):
    """What the four have in common; never raised itself. `status` is the HTTP status, if one was read."""

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class NotSent(VendorError):
    """Nothing reached the vendor, or 429: safe to send again. `retry_after`: seconds, if known."""

    def __init__(self, message: str, *, retry_after: float | None = None, status: int | None = None) -> None:
        super().__init__(message, status=status)
        self.retry_after = retry_after


class SlotMissed(NotSent):
    """The rate limiter's slot was over before the first byte was written: take another one."""


class Unclear(VendorError):
    """It was sent, and whether it took effect is unknown: timeout, reset, 5xx, unreadable response."""


class Misconfigured(VendorError):
    """The API key or URL is wrong (401, 403, 405, redirect, 404 on a list). Stop, and alert an operator."""


class Rejected(VendorError):
    """The vendor understood and refused. 404 on one object means that it was deleted.

    `reason` is for a person, in the vendor's words where it gave any. `fields` holds its messages by path, for instance
    {"device.hardware_uuid": ["..."]}. Both may name a person: they are not part of the exception's text.
    """

    def __init__(self, message: str, *, reason: str, fields: dict[str, list[str]] | None = None, status: int) -> None:
        super().__init__(message, status=status)
        self.reason = reason
        self.fields = fields or {}

    def __reduce__(self) -> tuple[object, ...]:
        return rebuild_rejected, (self.args[0], self.reason, self.fields, self.status)


def rebuild_rejected(message: str, reason: str, fields: dict[str, list[str]], status: int) -> Rejected:
    return Rejected(message, reason=reason, fields=fields, status=status)


@dataclass(frozen=True)
class Stop:
    """Our key or address is wrong: no further read makes sense before an operator has acted."""

    error: VendorError


@dataclass(frozen=True)
class RetryAfter:
    """Nothing reached the vendor. `seconds` is None where the vendor named no pause."""

    error: VendorError
    seconds: float | None


@dataclass(frozen=True)
class Failed:
    """The read brought no answer that can be used. `refusal` is the vendor's reason if it understood and refused,
    else empty; `not_found` if the object doesn't exist there."""

    error: VendorError
    refusal: str = ""
    not_found: bool = False


VendorFailure = Stop | RetryAfter | Failed


def classify(error: VendorError) -> VendorFailure:
    """What a loop of reads does about an error. A write treats Unclear more strictly: it is never repeated."""
    if isinstance(error, Misconfigured):
        return Stop(error)
    if isinstance(error, NotSent):
        return RetryAfter(error, error.retry_after)
    if isinstance(error, Rejected):
        return Failed(error, refusal=error.reason or str(error), not_found=error.status == HTTPStatus.NOT_FOUND)
    return Failed(error)
