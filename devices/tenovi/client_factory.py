"""Client factory: with several API keys the first is for user actions and the others for background work; with one key,
or when the vendor counts all keys as one, user actions have priority."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import httpx2
from django.conf import settings

from .call_outcomes import record_outcome
from .client import TenoviClient
from .errors import Misconfigured
from .rate_limiter import ApiKey, RateLimiter

USER_MAX_WAIT_SECONDS = 10.0
BACKGROUND_MAX_WAIT_SECONDS = 30.0


@contextmanager
def user_client() -> Iterator[TenoviClient]:
    """For actions that a user waits for: orders, activations, unlinking, lookups."""
    with build_client(configured_keys()[:1], for_user=True, max_wait=USER_MAX_WAIT_SECONDS) as client:
        yield client


@contextmanager
def background_client() -> Iterator[TenoviClient]:
    """For the catalogue, the nightly pull and all other work that can wait."""
    keys = configured_keys()
    with build_client(keys[1:] or keys, for_user=False, max_wait=BACKGROUND_MAX_WAIT_SECONDS) as client:
        yield client


def build_transport() -> httpx2.BaseTransport | None:
    """None: the network. Tests return the simulator here."""
    return None


def build_client(keys: list[ApiKey], *, for_user: bool, max_wait: float) -> TenoviClient:
    rate_limiter = RateLimiter(
        keys, gap_seconds=settings.TENOVI_CALL_GAP_SECONDS, for_user=for_user, shared=settings.TENOVI_SHARED_BUCKET
    )
    return TenoviClient(
        base_url=settings.TENOVI_BASE_URL,
        domain=settings.TENOVI_CLIENT_DOMAIN,
        rate_limiter=rate_limiter,
        max_wait=max_wait,
        transport=build_transport(),
        record_outcome=partial(record_outcome, [key.bucket for key in keys]),
    )


def configured_keys() -> list[ApiKey]:
    keys = [ApiKey(secret) for secret in dict.fromkeys(key.strip() for key in settings.TENOVI_API_KEYS) if secret]
    if not keys:
        raise Misconfigured("TENOVI_API_KEYS is empty")
    return keys
