"""Celery broker transport when Redis hangs, with a real Valkey that is stopped by a signal."""

import signal

import pytest
from kombu import Connection
from redis.exceptions import RedisError

from config.celery_broker import Transport
from config.launcher.valkey import Valkey
from tests.timeouts import WAIT_TIMEOUT_SECONDS


@pytest.mark.parametrize("word", ["ack", "reject"])
def test_celery_broker_frees_prefetch_slot_if_ack_fails_on_hung_valkey(state_folder, orphan_reaper, word):
    options = {"socket_timeout": 1.5, "socket_connect_timeout": 1.5, "max_retries": 0}
    with Valkey(state_folder, reaper=orphan_reaper) as server:
        with Connection(server.url, transport=Transport, transport_options=options) as connection:
            channel = connection.channel()
            channel.basic_qos(0, 1, False)
            queue = connection.SimpleQueue("wakeups", channel=channel)
            queue.put("wake up")
            message = queue.get(timeout=WAIT_TIMEOUT_SECONDS)
            assert not channel.qos.can_consume()

            server.process.send(signal.SIGSTOP)
            try:
                with pytest.raises((RedisError, OSError)):
                    getattr(message, word)()
                assert channel.qos.can_consume()
            finally:
                server.process.send(signal.SIGCONT)
