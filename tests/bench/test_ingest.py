import statistics
import time

import pytest

from tests.hammer import hammer_of

pytestmark = pytest.mark.bench

READINGS = range(1, 5001)


def test_a_burst_of_webhooks_is_acknowledged_and_drained(house, figure):
    hammer = hammer_of(house)
    began = time.perf_counter()
    for sender in hammer.send(READINGS):
        sender.join()
    acknowledged = time.perf_counter() - began
    while hammer.stored() != set(READINGS):
        assert time.perf_counter() - began < 300
        time.sleep(0.2)
    drained = time.perf_counter() - began

    assert hammer.refused == {}
    hundredths = statistics.quantiles(hammer.seconds, n=100)
    figure("webhooks acknowledged per second, burst of 5,000 from 8 senders", f"{len(READINGS) / acknowledged:.0f}")
    figure("acknowledged within, median", f"{hundredths[49] * 1000:.0f} ms")
    figure("acknowledged within, 99 %", f"{hundredths[98] * 1000:.0f} ms")
    figure("all 5,000 stored as readings after", f"{drained:.1f} s")
