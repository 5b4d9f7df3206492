"""Keys of many rows for one statement."""

from __future__ import annotations

from collections.abc import Iterable

EMPTY_ARRAY = "{}"


def format_bigint_array(keys: Iterable[int]) -> str:
    """As PostgreSQL reads a `bigint[]`. The driver would quote each key by itself, and a batch of readings names its
    keys to eight statements."""
    return "{" + ",".join(map(str, keys)) + "}"
