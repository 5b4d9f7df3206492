"""Clients by whose turn it is: with several keys the first serves people and the others background work; with one key,
or when the vendor counts all keys as one, people come first."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
from django.conf import settings

from .client import TenoviClient
from .errors import Misconfigured
from .rate_limiter import ApiKey, Gate

PERSON_MAX_WAIT_SECONDS = 10.0
BACKGROUND_MAX_WAIT_SECONDS = 30.0


@contextmanager
def people_lane() -> Iterator[TenoviClient]:
    """For what a person waits for: orders, activations, unlinking, re-reads."""
    with _client(_keys()[:1], person=True, max_wait=PERSON_MAX_WAIT_SECONDS) as client:
        yield client


@contextmanager
def background_lane() -> Iterator[TenoviClient]:
    """For the catalogue, the nightly pull and everything else that can wait."""
    keys = _keys()
    with _client(keys[1:] or keys, person=False, max_wait=BACKGROUND_MAX_WAIT_SECONDS) as client:
        yield client


def new_transport() -> httpx2.BaseTransport | None:
    """None: the wire. Tests put the simulator here."""
    return None


def _client(keys: list[ApiKey], *, person: bool, max_wait: float) -> TenoviClient:
    gate = Gate(keys, gap_seconds=settings.TENOVI_CALL_GAP_SECONDS, person=person, shared=settings.TENOVI_SHARED_BUCKET)
    return TenoviClient(
        base_url=settings.TENOVI_BASE_URL,
        domain=settings.TENOVI_CLIENT_DOMAIN,
        gate=gate,
        max_wait=max_wait,
        transport=new_transport(),
    )


def _keys() -> list[ApiKey]:
    keys = [ApiKey(secret) for secret in dict.fromkeys(key.strip() for key in settings.TENOVI_API_KEYS) if secret]
    if not keys:
        raise Misconfigured("TENOVI_API_KEYS is empty")
    return keys
