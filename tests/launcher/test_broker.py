"""What a worker does with a message when Redis hangs: the real transport, a real Valkey, a real signal."""

import signal

import pytest
from kombu import Connection
from redis.exceptions import RedisError

from config.celery_broker import Transport
from config.launcher.valkey import valkey
from tests.patience import PATIENCE_SECONDS


@pytest.mark.parametrize("word", ["ack", "reject"])
def test_a_message_that_a_hung_redis_cant_take_back_doesnt_hold_the_workers_one_place(state, leash, word):
    options = {"socket_timeout": 1.5, "socket_connect_timeout": 1.5, "max_retries": 0}
    with valkey(state, leash=leash) as server:
        with Connection(server.url, transport=Transport, transport_options=options) as connection:
            channel = connection.channel()
            channel.basic_qos(0, 1, False)
            queue = connection.SimpleQueue("told", channel=channel)
            queue.put("look now")
            message = queue.get(timeout=PATIENCE_SECONDS)
            assert not channel.qos.can_consume()

            server.process.send(signal.SIGSTOP)
            try:
                with pytest.raises((RedisError, OSError)):
                    getattr(message, word)()
                assert channel.qos.can_consume()
            finally:
                server.process.send(signal.SIGCONT)
