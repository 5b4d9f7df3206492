"""One request per second and key, whoever asks: shown on PostgreSQL, with threads and processes, and 0.1 s for 1 s."""

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

from devices.models import KeySlot
from devices.simulator import Simulator
from devices.tenovi import ApiKey, NotSent, TenoviClient
from devices.tenovi.rate_limiter import NoSlot
from tests.devices.tenovi.gates import GAP, WSGI, a_gate, busy, gaps, row, with_others
from tests.patience import PATIENCE_SECONDS, WORK_SECONDS

ROOT = Path(__file__).parents[3]
pytestmark = pytest.mark.django_db


def test_the_first_slot_is_free_and_the_next_one_comes_after_the_gap():
    gate = a_gate()
    begun = time.monotonic()
    first, second = gate.take(max_wait=1), gate.take(max_wait=1)

    assert time.monotonic() - begun >= GAP
    assert (second.booked - first.booked).total_seconds() >= GAP


def test_the_row_names_the_key_by_a_fingerprint_only():
    a_gate(ApiKey("prefix.very-secret")).take(max_wait=1)

    (only,) = KeySlot.objects.values_list("bucket", flat=True)
    assert len(only) == 16
    assert "secret" not in only
    assert "secret" not in repr(a_gate(ApiKey("prefix.very-secret")).keys)


def taken_by_processes(*arguments):
    name = connection.settings_dict["NAME"]
    url = urlunsplit(urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}"))
    command = [sys.executable, str(ROOT / "tests/devices/tenovi/slot_taker.py")]
    environ = os.environ | {"DATABASE_URL": url, "PYTHONPATH": str(ROOT)}
    running = [
        subprocess.Popen([*command, *each], env=environ, cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for each in arguments
    ]
    outputs = [process.communicate(timeout=WORK_SECONDS)[0] for process in running]
    assert [process.returncode for process in running] == [0] * len(running)
    return [json.loads(line) for output in outputs for line in output.splitlines()]


@with_others
def test_three_processes_never_come_closer_than_the_gap():
    """The slots by the database's clock, exactly; the moments of use, within what a slot may be late."""
    taken = taken_by_processes(*[("person", "7", "key-a")] * 2, ("background", "4", "key-a"))

    assert len(taken) == 18
    assert min(gaps(each["booked"] for each in taken)) >= GAP - 1e-6
    assert min(gaps(each["ready"] for each in taken)) >= GAP - 0.035


@with_others
def test_processes_that_share_several_keys_keep_the_gap_on_each():
    taken = taken_by_processes(*[("background", "8", "key-a,key-b")] * 2)

    for bucket in {ApiKey("key-a").bucket, ApiKey("key-b").bucket}:
        booked = [each["booked"] for each in taken if each["bucket"] == bucket]
        assert len(booked) >= 3
        assert min(gaps(booked)) >= GAP - 1e-6


@with_others
def test_threads_that_book_ahead_stand_in_line():
    booked = []

    def take():
        try:
            booked.append(a_gate().take(max_wait=PATIENCE_SECONDS).booked.timestamp())
        finally:
            connection.close()

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(booked) == 8
    assert min(gaps(booked)) >= GAP - 1e-6


@with_others
def test_the_vendor_itself_sees_no_two_requests_too_close():
    sim = Simulator(domain="vitals-test", keys=("key-0",), gap_seconds=0.1)
    arguments = {"base_url": "http://tenovi.invalid", "domain": "vitals-test", "max_wait": WORK_SECONDS}

    def call():
        try:
            with TenoviClient(**arguments, gate=a_gate(gap=0.5), transport=httpx2.WSGITransport(app=sim)) as client:
                client.delete_webhook("x")
        except Exception as error:  # noqa: BLE001  404 is what this asks for; anything else is shown below
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


def test_the_servers_clock_decides_and_not_ours(monkeypatch):
    gate = a_gate(gap=30)
    gate.take(max_wait=1)
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 3600)

    with pytest.raises(NoSlot):
        gate.take(max_wait=0.01)


def test_a_slot_that_is_too_far_away_is_not_booked():
    busy(seconds=6000)
    before = row().next_free_at

    with pytest.raises(NoSlot) as caught:
        a_gate().take(max_wait=5)
    assert 5000 < caught.value.retry_after <= 6000
    assert row().next_free_at == before


def test_the_connection_is_made_ready_a_second_before_a_far_slot_opens(monkeypatch):
    gate, story = a_gate(gap=30), []
    gate.take(max_wait=1)
    monkeypatch.setattr("devices.tenovi.rate_limiter._sleep_until", story.append)
    slot = gate.take(max_wait=60, prepare=lambda: story.append("ready"))

    assert story == [slot.opens - 1.0, "ready", slot.opens]


def test_a_slot_whose_connection_fails_is_given_back():
    def refuse():
        raise NotSent("refused")

    with pytest.raises(NotSent, match="refused"):
        a_gate(gap=30).take(max_wait=1, prepare=refuse)
    assert a_gate(gap=30).take(max_wait=1)


def test_a_slot_given_back_is_there_for_the_next():
    gate = a_gate(gap=30)
    gate.give_back(gate.take(max_wait=1))

    gate.take(max_wait=1)


def test_a_slot_behind_which_somebody_stands_cannot_be_given_back():
    gate = a_gate()
    first = gate.take(max_wait=1)
    second = gate.take(max_wait=1)
    gate.give_back(first)

    assert row().next_free_at == second.booked


def test_a_held_slot_that_went_stale_is_changed_for_a_fresh_one():
    sim = Simulator(domain="vitals-test", keys=("key-0",), gap_seconds=0)
    transport = httpx2.WSGITransport(app=sim)
    with TenoviClient(
        base_url="http://tenovi.invalid",
        domain="vitals-test",
        gate=a_gate(),
        max_wait=PATIENCE_SECONDS,
        transport=transport,
    ) as client:
        assert client.take_slot()
        stale = client._slot
        time.sleep(0.05)
        client.device_types()

    assert row().next_free_at > stale.booked
    assert len(sim.requests) == 1


def test_a_held_slot_is_given_back_when_nothing_was_claimed(monkeypatch):
    monkeypatch.setattr("devices.tenovi.rate_limiter.LATE_SECONDS", PATIENCE_SECONDS)
    with TenoviClient(
        base_url="http://tenovi.invalid", domain="x", gate=a_gate(gap=30), max_wait=1, transport=WSGI
    ) as client:
        assert client.take_slot()
        assert client.take_slot(), "held and fresh: not taken twice"

    assert a_gate(gap=30).take(max_wait=1)


def test_a_machine_that_is_always_late_sends_nothing(monkeypatch):
    monkeypatch.setattr("devices.tenovi.rate_limiter.LATE_SECONDS", -1.0)
    sent = []
    transport = httpx2.MockTransport(sent.append)
    client = TenoviClient(
        base_url="http://x.invalid", domain="x", gate=a_gate(gap=0.001), max_wait=PATIENCE_SECONDS, transport=transport
    )

    with pytest.raises(NotSent, match="too slow"):
        client.delete_device("x")
    assert sent == []


def test_the_vendor_is_never_called_inside_a_transaction():
    client = TenoviClient(base_url="http://x.invalid", domain="x", gate=a_gate(), max_wait=1, transport=WSGI)
    client.take_slot()

    with transaction.atomic(), pytest.raises(RuntimeError, match="inside a transaction"):
        client.delete_device("x")
    with transaction.atomic(), pytest.raises(RuntimeError, match="inside a transaction"):
        client.take_slot()
