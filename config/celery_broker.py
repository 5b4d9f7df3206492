"""Redis broker transport for Celery workers that survive a hung, dead or restarted Redis. For kombu 5.7."""

from __future__ import annotations

from typing import Any

from kombu.transport import redis, virtual
from redis.exceptions import ConnectionError as RedisGone
from redis.exceptions import RedisError


class QoS(redis.QoS):
    """Releases a message that can't be acknowledged: it would occupy the worker's one prefetch slot for ever.

    Redis redelivers it after the visibility timeout, when its rows are done.
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
    """Raises a connection error when Redis is lost and Celery acknowledges messages on the closed connection.

    kombu raises an AttributeError there, which ends the whole worker; a connection error it survives. Unfinished
    messages aren't requeued: they are only wake-ups, and the next sweep replaces them.
    """

    QoS = QoS
    do_restore = False

    def _connparams(self, asynchronous: bool = False) -> dict[str, Any]:
        if self.connection is None or self.connection.client is None:
            raise RedisGone("the connection is closed")
        # Called for every new connection; kombu, which has no types, has no public hook for it.
        params: dict[str, Any] = super()._connparams(asynchronous)  # type: ignore[misc]
        return params


class Transport(redis.Transport):
    Channel = Channel
