"""One clock for the rate limiter, its row in PostgreSQL and the simulator, that runs only while a caller sleeps.

A second's pause takes no time, so that hundreds of calls go through the real rate limiter at its true rate.
"""

import datetime as dt
import time
from types import SimpleNamespace

import pytest

from devices.simulator import Simulator
from devices.simulator.runtime import faults
from devices.tenovi import ApiKey, RateLimiter, http_client, rate_limiter, responses
from tests.simulated_vendor import DOMAIN, KEY

VENDOR_GAP_SECONDS, OWN_GAP_SECONDS = 1.0, 1.05  # as in production


class CompressedClock:
    """Moved by `sleep` alone. All that read the time of day, Django among them, read this one."""

    def __init__(self, time_machine):
        self.time_machine = time_machine

    def monotonic(self):
        return time.time()

    def sleep(self, seconds):
        self.time_machine.shift(seconds)

    def sleep_until(self, at):
        self.sleep(max(0.0, (at - dt.datetime.now(dt.UTC)).total_seconds()))


@pytest.fixture
def compressed_clock(time_machine, monkeypatch):
    time_machine.move_to(dt.datetime.now(dt.UTC), tick=False)
    clock = CompressedClock(time_machine)
    for module in (rate_limiter, http_client, responses, faults):
        monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=clock.monotonic, sleep=clock.sleep))
    execute = rate_limiter.execute_statement

    def execute_on_clock(statement, **values):
        on_clock = statement.replace("clock_timestamp()", "%(clock)s::timestamptz")
        return execute(on_clock, clock=dt.datetime.now(dt.UTC), **values)

    monkeypatch.setattr(rate_limiter, "execute_statement", execute_on_clock)
    return clock


@pytest.fixture
def limited_sim(compressed_clock, monkeypatch):
    """Refuses what comes too early."""
    simulator = Simulator(domain=DOMAIN, keys=(KEY,), gap_seconds=VENDOR_GAP_SECONDS)
    monkeypatch.setattr(simulator.throttle, "_monotonic", compressed_clock.monotonic)
    yield simulator
    simulator.close()


def make_user_limiter():
    return RateLimiter([ApiKey(KEY)], gap_seconds=OWN_GAP_SECONDS, for_user=True)
