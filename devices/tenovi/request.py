"""Description of one API request, and the backoff with full jitter between attempts of a read."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from .errors import NotSent, Rejected, Unclear
from .rate_limiter import NoSlotAvailable

MAX_BACKOFF_SECONDS = 20.0
INVALID_ID_REASON = "An id that is empty or made of dots can't be sent to Tenovi: it would be another address."


@dataclass(frozen=True)
class ApiRequest:
    """One request. `template` is its path with `{}` for ids: log lines may contain it, but not the ids."""

    method: str
    template: str
    args: tuple[str, ...] = ()
    params: Mapping[str, str] | None = None
    json: Any = None

    def __str__(self) -> str:
        return f"{self.method} {self.template}"

    @property
    def path(self) -> str:
        if any(arg.strip(".") == "" for arg in self.args):
            raise Rejected(f"{self}: an id is empty or made of dots", reason=INVALID_ID_REASON, status=400)
        return self.template.format(*(quote(arg, safe="") for arg in self.args))


class FullJitterBackoff:
    """Seconds until a read is retried: random, up to 1, 2, 4 ... 20. False: not retried."""

    def __init__(self) -> None:
        self.attempt_count = 0

    def __call__(self, error: Exception) -> float | bool:
        if isinstance(error, NoSlotAvailable) or not isinstance(error, (NotSent, Unclear)):
            return False
        self.attempt_count += 1
        return random.uniform(0, min(MAX_BACKOFF_SECONDS, 2.0 ** (self.attempt_count - 1)))  # noqa: S311  a pause, no secret
