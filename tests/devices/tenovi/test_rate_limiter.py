"""Rate limiter on PostgreSQL with threads and processes; the gap is 0.1 s instead of 1 s."""

import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import httpx2
import pytest
from django.db import connection, transaction

from devices.models import ApiKeySlot
from devices.simulator import Simulator
from devices.tenovi import ApiKey, NotSent, TenoviClient
from devices.tenovi.rate_limiter import NoSlotAvailable
from tests.devices.tenovi.rate_limiters import (
    GAP,
    WSGI,
    gaps_between,
    key_slot,
    make_rate_limiter,
    occupy_key,
    with_others,
)
from tests.timeouts import LONG_WAIT_TIMEOUT_SECONDS, WAIT_TIMEOUT_SECONDS

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.django_db


def test_rate_limiter_gives_the_first_slot_at_once_and_the_next_after_the_gap():
    limiter = make_rate_limiter()
    begun = time.monotonic()
    first, second = limiter.take_slot(max_wait=1), limiter.take_slot(max_wait=1)

    assert time.monotonic() - begun >= GAP
    assert (second.booked - first.booked).total_seconds() >= GAP


def test_rate_limiter_row_stores_only_a_fingerprint_of_the_key():
    make_rate_limiter(ApiKey("prefix.very-secret")).take_slot(max_wait=1)

    (only,) = ApiKeySlot.objects.values_list("bucket", flat=True)
    assert len(only) == 16
    assert "secret" not in only
    assert "secret" not in repr(make_rate_limiter(ApiKey("prefix.very-secret")).keys)


def take_slots_in_processes(*arguments):
    name = connection.settings_dict["NAME"]
    url = urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}"))
    command = [sys.executable, str(ROOT / "tests/devices/tenovi/slot_taker.py")]
    environ = os.environ | {"DATABASE_URL": url, "PYTHONPATH": str(ROOT)}
    running = [
        subprocess.Popen([*command, *each], env=environ, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for each in arguments
    ]
    outputs = [process.communicate(timeout=LONG_WAIT_TIMEOUT_SECONDS)[0] for process in running]
    assert [process.returncode for process in running] == [0] * len(running)
    return [json.loads(line) for output in outputs for line in output.splitlines()]


@with_others
def test_rate_limiter_respects_the_gap_between_three_processes():
    """Slots exactly, by the database's clock; their use within the lateness that is allowed."""
    taken = take_slots_in_processes(*[("person", "7", "key-a")] * 2, ("background", "4", "key-a"))

    assert len(taken) == 18
    assert min(gaps_between(each["booked"] for each in taken)) >= GAP - 1e-6
    assert min(gaps_between(each["ready"] for each in taken)) >= GAP - 0.035


@with_others
def test_rate_limiter_respects_the_gap_per_key_for_processes_with_several_keys():
    taken = take_slots_in_processes(*[("background", "8", "key-a,key-b")] * 2)

    for bucket in {ApiKey("key-a").bucket, ApiKey("key-b").bucket}:
        booked = [each["booked"] for each in taken if each["bucket"] == bucket]
        assert len(booked) >= 3
        assert min(gaps_between(booked)) >= GAP - 1e-6


@with_others
def test_rate_limiter_respects_the_gap_between_threads_that_book_ahead():
    booked = []

    def take():
        try:
            booked.append(make_rate_limiter().take_slot(max_wait=WAIT_TIMEOUT_SECONDS).booked.timestamp())
        finally:
            connection.close()

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(booked) == 8
    assert min(gaps_between(booked)) >= GAP - 1e-6


@with_others
def test_rate_limiter_respects_the_gap_as_seen_by_the_vendor():
    sim = Simulator(domain="vitals-test", keys=("key-0",), gap_seconds=0.1)
    arguments = {"base_url": "http://tenovi.invalid", "domain": "vitals-test", "max_wait": LONG_WAIT_TIMEOUT_SECONDS}

    def call():
        try:
            with TenoviClient(
                **arguments, rate_limiter=make_rate_limiter(gap=0.5), transport=httpx2.WSGITransport(app=sim)
            ) as client:
                client.delete_webhook("x")
        except Exception as error:  # noqa: BLE001  404 is expected; any other error is asserted below
            seen.append(getattr(error, "status", error))
        finally:
            connection.close()

    seen = []
    threads = [threading.Thread(target=call) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert seen == [404] * 6
    assert {line["status"] for line in sim.requests} == {404}
    assert sim.requests.smallest_gap("key-0") >= 0.1


def test_rate_limiter_uses_the_database_clock(monkeypatch):
    limiter = make_rate_limiter(gap=30)
    limiter.take_slot(max_wait=1)
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 3600)

    with pytest.raises(NoSlotAvailable):
        limiter.take_slot(max_wait=0.01)


def test_rate_limiter_does_not_book_a_slot_beyond_max_wait():
    occupy_key(seconds=6000)
    before = key_slot().next_free_at

    with pytest.raises(NoSlotAvailable) as caught:
        make_rate_limiter().take_slot(max_wait=5)
    assert 5000 < caught.value.retry_after <= 6000
    assert key_slot().next_free_at == before


def test_rate_limiter_prepares_the_connection_a_second_before_the_slot(monkeypatch):
    limiter, events = make_rate_limiter(gap=30), []
    limiter.take_slot(max_wait=1)
    monkeypatch.setattr("devices.tenovi.rate_limiter.sleep_until", events.append)
    slot = limiter.take_slot(max_wait=60, prepare=lambda: events.append("ready"))

    assert events == [slot.opens - 1.0, "ready", slot.opens]


def test_rate_limiter_returns_the_slot_when_the_connection_fails():
    def refuse():
        raise NotSent("refused")

    with pytest.raises(NotSent, match="refused"):
        make_rate_limiter(gap=30).take_slot(max_wait=1, prepare=refuse)
    assert make_rate_limiter(gap=30).take_slot(max_wait=1)


def test_rate_limiter_returned_slot_is_available_at_once():
    limiter = make_rate_limiter(gap=30)
    limiter.release_slot(limiter.take_slot(max_wait=1))

    limiter.take_slot(max_wait=1)


def test_rate_limiter_slot_can_not_be_returned_after_a_later_booking():
    limiter = make_rate_limiter()
    first = limiter.take_slot(max_wait=1)
    second = limiter.take_slot(max_wait=1)
    limiter.release_slot(first)

    assert key_slot().next_free_at == second.booked


def test_client_replaces_a_stale_slot_before_sending():
    sim = Simulator(domain="vitals-test", keys=("key-0",), gap_seconds=0)
    transport = httpx2.WSGITransport(app=sim)
    with TenoviClient(
        base_url="http://tenovi.invalid",
        domain="vitals-test",
        rate_limiter=make_rate_limiter(),
        max_wait=WAIT_TIMEOUT_SECONDS,
        transport=transport,
    ) as client:
        assert client.take_slot()
        stale = client._slot
        time.sleep(0.05)
        client.list_device_types()

    assert key_slot().next_free_at > stale.booked
    assert len(sim.requests) == 1


def test_client_returns_an_unused_slot_when_closed(monkeypatch):
    monkeypatch.setattr("devices.tenovi.rate_limiter.SLOT_LATE_SECONDS", WAIT_TIMEOUT_SECONDS)
    with TenoviClient(
        base_url="http://tenovi.invalid", domain="x", rate_limiter=make_rate_limiter(gap=30), max_wait=1, transport=WSGI
    ) as client:
        assert client.take_slot()
        assert client.take_slot(), "a fresh slot is not taken twice"

    assert make_rate_limiter(gap=30).take_slot(max_wait=1)


def test_client_sends_nothing_when_every_slot_is_late(monkeypatch):
    monkeypatch.setattr("devices.tenovi.rate_limiter.SLOT_LATE_SECONDS", -1.0)
    sent = []
    transport = httpx2.MockTransport(sent.append)
    client = TenoviClient(
        base_url="http://x.invalid",
        domain="x",
        rate_limiter=make_rate_limiter(gap=0.001),
        max_wait=WAIT_TIMEOUT_SECONDS,
        transport=transport,
    )

    with pytest.raises(NotSent, match="too slow"):
        client.delete_device("x")
    assert sent == []


def test_client_refuses_calls_inside_a_transaction():
    client = TenoviClient(
        base_url="http://x.invalid", domain="x", rate_limiter=make_rate_limiter(), max_wait=1, transport=WSGI
    )
    client.take_slot()

    with transaction.atomic(), pytest.raises(RuntimeError, match="inside a transaction"):
        client.delete_device("x")
    with transaction.atomic(), pytest.raises(RuntimeError, match="inside a transaction"):
        client.take_slot()
