"""PostgreSQL array literals for raw statements."""

from __future__ import annotations

from collections.abc import Iterable

EMPTY_ARRAY = "{}"


def format_bigint_array(keys: Iterable[int]) -> str:
    """A `bigint[]` literal. A batch passes its keys to eight statements, and the driver would adapt each key again."""
    return "{" + ",".join(map(str, keys)) + "}"
