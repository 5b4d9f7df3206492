"""Redis as Celery's broker, for workers that outlive it."""

from __future__ import annotations

from typing import Any

from kombu.transport import redis
from redis.exceptions import ConnectionError as RedisGone


class Channel(redis.Channel):
    """When Redis goes away, Celery closes the connection first and then acknowledges finished messages through it.

    kombu 5.7 answers with an AttributeError, which ends the whole worker; a connection error it survives. Nor are
    unfinished messages put back that way: ours only say "look now", and the next sweep says so again.
    """

    do_restore = False

    def _connparams(self, asynchronous: bool = False) -> dict[str, Any]:
        if self.connection is None or self.connection.client is None:
            raise RedisGone("the connection is closed")
        params: dict[str, Any] = super()._connparams(asynchronous)  # type: ignore[misc]
        return params


class Transport(redis.Transport):
    Channel = Channel
