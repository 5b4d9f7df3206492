"""Cost of authenticating, checking and storing a delivery, compared with a raw INSERT and a usual view."""

import json
import statistics
import threading
import time

import psycopg
import pytest

from tests.bench.load_client import build_request, measure_latencies, measure_throughput
from tests.bench.percentiles import percentile

pytestmark = pytest.mark.bench
ROUNDS, REQUESTS, LINES = 7, 1_500, 8
RATE, SECONDS = 200, 45
HOOK, BARE, SERIALIZER = "/hooks/tenovi/measurements/", "/hooks/bench/bare/", "/hooks/bench/serializer/"


def raw_requests(bench, path, items):
    return [build_request(path, json.dumps(item).encode(), secret=bench.secret) for item in items]


def test_webhook_rate_beside_a_raw_insert_and_a_serializer_view(bench, record_figure):
    rates = {path: [] for path in (BARE, HOOK, SERIALIZER)}
    for nth in range(ROUNDS + 1):
        items = bench.readings.round(REQUESTS)
        for path, measured in rates.items():
            rate = measure_throughput(bench.address, raw_requests(bench, path, items), lines=LINES)
            if nth:  # the first round warms up
                measured.append(rate)

    of_bare = [ours / theirs for ours, theirs in zip(rates[HOOK], rates[BARE], strict=True)]
    of_usual = [ours / theirs for ours, theirs in zip(rates[HOOK], rates[SERIALIZER], strict=True)]
    record_figure("the receiver, requests/s", f"{statistics.median(rates[HOOK]):,.0f}", rounds=rates[HOOK])
    record_figure(
        "the same beside a view with one raw INSERT", f"{statistics.median(of_bare):.2f}", reach="0.7", rounds=of_bare
    )
    record_figure(
        "the same beside an APIView with serializer and ORM", f"{statistics.median(of_usual):.2f}", reach="2.5",
        rounds=of_usual,
    )  # fmt: skip
    assert statistics.median(of_bare) > 0.5
    assert statistics.median(of_usual) > 1.2


def test_webhook_latency_at_200_requests_a_second_with_a_running_worker(bench, record_figure):
    bench.db.execute("UPDATE devices_delivery SET state = 'done' WHERE state = 'new'")
    bench.db.commit()
    with bench.worker():
        items = bench.readings.round(RATE * SECONDS)
        time.sleep(8)  # the worker boots
        taken = measure_latencies(bench.address, raw_requests(bench, HOOK, items), rate=RATE, lines=32)
        start = time.perf_counter()
        while bench.one("SELECT count(*) FROM devices_delivery WHERE state = 'new'"):
            assert time.perf_counter() - start < 120
            time.sleep(0.1)

    load = f"{RATE} requests/s for {SECONDS} s"
    record_figure(f"{load}: p50, ms from when it was due", f"{1000 * percentile(taken, 0.5):.1f}")
    record_figure(f"{load}: p99, ms", f"{1000 * percentile(taken, 0.99):.1f}", reach="250")
    record_figure(f"{load}: backlog gone, s after the last", f"{time.perf_counter() - start:.1f}", reach="60")


class RowWatcher(threading.Thread):
    """When each measurement_index was first seen as a row, by a separate connection."""

    def __init__(self, url):
        super().__init__(daemon=True)
        self.seen, self.done, self._url = {}, threading.Event(), url

    def run(self):
        with psycopg.connect(self._url, autocommit=True) as db:
            last = db.execute("SELECT coalesce(max(id), 0) FROM measurements_measurement").fetchone()[0]
            while not self.done.wait(0.01):
                query = "SELECT id, index FROM measurements_measurement WHERE id > %s ORDER BY id"
                for row, index in db.execute(query, [last]).fetchall():
                    self.seen[index], last = time.perf_counter(), row


def test_webhook_to_row_latency(bench, record_figure):
    count, rate = 1_000, 50
    items = bench.readings.round(count)
    for index, item in enumerate(items, 1_000_000):
        item["filter_params"]["measurement_index"] = index
    sent = {}
    with bench.worker():
        bench.wake_up_worker()
        watcher = RowWatcher(bench.database_url)
        watcher.start()
        time.sleep(8)  # the worker boots
        began = time.perf_counter() + 0.2
        taken = measure_latencies(bench.address, raw_requests(bench, HOOK, items), rate=rate, lines=8)
        for nth, seconds in enumerate(taken):
            sent[1_000_000 + nth] = began + nth / rate
            assert seconds < 30
        deadline = time.perf_counter() + 30
        while len(watcher.seen) < count and time.perf_counter() < deadline:
            time.sleep(0.05)
        watcher.done.set()
        watcher.join()

    assert len(watcher.seen) == count
    waited = [watcher.seen[index] - sent[index] for index in sent]
    record_figure(f"from webhook to row at {rate}/s: p50, s", f"{percentile(waited, 0.5):.2f}")
    record_figure(f"from webhook to row at {rate}/s: p99, s", f"{percentile(waited, 0.99):.2f}")
