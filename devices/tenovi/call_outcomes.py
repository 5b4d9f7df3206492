"""Call outcomes by API key: since when, and why, the vendor has given no usable answer on it."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus

from django.db.models.functions import Coalesce, Now

from devices.models.api_key_slot import ApiKeySlot, StopCause

from .errors import Misconfigured, NotSent, Unclear, VendorError
from .rate_limiter import NoSlotAvailable


def record_outcome(buckets: Sequence[str], error: VendorError | None) -> None:
    """After each call on one of these keys; `error` None for an answer. One UPDATE, of no row while all is well."""
    slots = ApiKeySlot.objects.filter(bucket__in=buckets)
    if isinstance(error, NoSlotAvailable) or is_refused_key(error):
        return  # nothing was tried, or the key is marked already
    if cause := failing_cause(error):
        slots.update(failing_since=Coalesce("failing_since", Now()), failing_cause=cause)
    else:
        slots.filter(failing_since__isnull=False).update(failing_since=None, failing_cause="")


def is_refused_key(error: VendorError | None) -> bool:
    refused = (None, HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
    return isinstance(error, Misconfigured) and error.status in refused


def failing_cause(error: VendorError | None) -> StopCause | None:
    """None for a usable answer, a refusal of what was asked for included."""
    if isinstance(error, NotSent):
        return StopCause.PAUSED if error.status == HTTPStatus.TOO_MANY_REQUESTS else StopCause.UNREACHABLE
    if isinstance(error, Unclear):
        return StopCause.UNREADABLE
    return StopCause.ADDRESS if isinstance(error, Misconfigured) else None
