"""Ingest rate of one worker with a backlog: flags, latest readings and live updates included."""

import time

import pytest

from tests.bench.conftest import median
from tests.bench.readings import insert_deliveries

pytestmark = pytest.mark.bench
READINGS, ROUNDS = 20_000, 5
LEFT = "SELECT count(*) FROM devices_delivery WHERE kind = 'measurement' AND state = 'new'"
STORED = "SELECT count(*) FROM measurements_measurement"


def seconds_to_drain(bench, bodies):
    """Seconds from the wake-up to the last processed delivery."""
    insert_deliveries(bench.db, bodies)
    start = time.perf_counter()
    bench.wake_up_worker()
    while bench.one(LEFT):
        assert time.perf_counter() - start < 300
        time.sleep(0.02)
    return time.perf_counter() - start


@pytest.mark.parametrize(("size", "cuffs", "reach"), [(1, 500, 1_500), (100, 200, 8_000)])
def test_ingest_rate_of_one_worker_with_a_backlog(bench, record_figure, size, cuffs, reach):
    rates = []
    with bench.worker():
        for _ in range(ROUNDS):
            items = bench.readings.round(READINGS, cuffs=cuffs)
            lists = [items[n : n + size] for n in range(0, READINGS, size)] if size > 1 else items
            before = bench.one(STORED)
            seconds = seconds_to_drain(bench, lists)
            assert bench.one(STORED) - before == READINGS
            rates.append(READINGS / seconds)

    what = "lists of 100" if size > 1 else "single deliveries"
    record_figure(
        f"one worker drains {READINGS:,} readings in {what}, readings/s",
        f"{median(rates):,.0f}", reach=f"{reach:,}", rounds=rates,
    )  # fmt: skip
