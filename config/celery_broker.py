"""Redis as Celery's broker, for workers that outlive it hung, dead or restarted. For kombu 5.7."""

from __future__ import annotations

from typing import Any

from kombu.transport import redis, virtual
from redis.exceptions import ConnectionError as RedisGone
from redis.exceptions import RedisError


class QoS(redis.QoS):
    """A message that could not be acknowledged, because Redis hung, would hold the worker's one place for ever.

    It is given free: Redis redelivers it after the visibility timeout, and finds its rows long done.
    """

    def ack(self, delivery_tag: str) -> None:
        try:
            super().ack(delivery_tag)
        except (RedisError, OSError):
            virtual.QoS.ack(self, delivery_tag)
            raise

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        try:
            super().reject(delivery_tag, requeue=requeue)
        except (RedisError, OSError):
            virtual.QoS.ack(self, delivery_tag)
            raise


class Channel(redis.Channel):
    """When Redis goes away, Celery closes the connection first and then acknowledges finished messages through it.

    kombu answers with an AttributeError, which ends the whole worker; a connection error it survives. Nor are
    unfinished messages put back that way: ours only say "look now", and the next sweep says so again.
    """

    QoS = QoS
    do_restore = False

    def _connparams(self, asynchronous: bool = False) -> dict[str, Any]:
        if self.connection is None or self.connection.client is None:
            raise RedisGone("the connection is closed")
        # Every new connection asks here; kombu, which has no types, has no public door before it.
        params: dict[str, Any] = super()._connparams(asynchronous)  # type: ignore[misc]
        return params


class Transport(redis.Transport):
    Channel = Channel
