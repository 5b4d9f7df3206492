"""Pulls behind every fault that we know of, and the vendor's limit kept through a flush and a kill."""

import os
import signal
import subprocess
import time

import pytest

from config.launcher.paths import ROOT
from config.launcher.supervisor import PYTHON
from tests.faults.arena import GAP_SECONDS, sizes
from tests.faults.pulls import at_vendor, pull, pulled_row, start
from tests.faults.table import Row
from tests.patience import WORK_SECONDS

READINGS = 5
QUICK = {
    "429 in seconds": {"kind": "status", "status": 429, "headers": {"Retry-After": "1"}},
    "429 as a date": {"kind": "status", "status": 429, "headers": {"Retry-After": "Sat, 21 Nov 2026 00:00:00 GMT"}},
    "500": {"kind": "status", "status": 500},
    "502": {"kind": "status", "status": 502, "body": "<h1>Bad Gateway</h1>"},
    "503": {"kind": "status", "status": 503},
    "reset": {"kind": "reset_before"},
    "reset after": {"kind": "reset_after"},
    "html with 200": {"kind": "html"},
    "truncated": {"kind": "truncate"},
    "garbage": {"kind": "garbage"},
    "20 MB": {"kind": "big"},
    "hostile next": {"kind": "foreign_next"},
}
SLOW = {
    "timeout before": {"kind": "delay_before", "seconds": 25},
    "timeout after": {"kind": "delay_after", "seconds": 25},
    "drip": {"kind": "drip", "seconds": 0.1},
}


@sizes(QUICK, QUICK | SLOW)
def test_a_pull_behind_any_fault_misses_nothing(arena, tell, size):
    people = at_vendor(arena, count=len(size), readings=READINGS)
    for person, fault in zip(people, size.values(), strict=True):
        arena.fault(**fault, method="GET", path=person["external_id"])
    seconds = pull(arena, people)

    row = pulled_row(arena, people, f"pull behind {len(size)} kinds of fault", f"{seconds:.0f} s")
    tell(row)
    assert row.held == row.stored == READINGS * len(size)
    assert arena.ask("faults") == []
    assert arena.smallest_gap() >= GAP_SECONDS


@pytest.mark.parametrize("status", [301, 401])
def test_a_pull_that_the_vendor_refuses_blames_no_reading_and_goes_on_afterwards(arena, tell, status):
    people = at_vendor(arena, count=1, readings=READINGS)
    kind = "redirect" if status == 301 else "status"
    arena.fault(kind, status=status, method="GET", path=people[0]["external_id"])
    problem = "SELECT count(*) FROM devices_syncrow row WHERE patient_id = %s::uuid AND problem <> ''"
    start(arena, people)
    arena.wait_until(lambda: arena.one(problem, people[0]["patient"]), what="the refusal")
    arena.rows("UPDATE devices_keyslot SET bad_since = NULL, bad_reason = ''")  # what an operator does
    arena.rows("UPDATE devices_syncrow SET next_attempt_at = now() WHERE state = 'waiting'")
    pull(arena, people)

    tell(pulled_row(arena, people, f"pull behind a {status}"))


@sizes((4, 5, GAP_SECONDS, {}), (8, 20, 1.0, {"TENOVI_CALL_GAP_SECONDS": "1.05"}))
def test_the_limit_holds_for_many_processes_a_flush_and_a_kill(arena, tell, size):
    count, seconds, least, env = size
    arena.do("limits", gap_seconds=least)
    with arena.stopped("worker-people", "worker-background"):
        arena.forget_requests()
        askers = [asker(arena, seconds, env) for _ in range(count)]
        try:
            time.sleep(seconds / 3)
            arena.broker.flushall()
            askers[0].send_signal(signal.SIGKILL)
            endings = [process.wait(timeout=WORK_SECONDS) for process in askers]
        finally:
            for process in askers:
                process.kill()
        lines, gap = arena.ask("requests"), arena.smallest_gap()

    tell(Row(f"{count} processes, a flush, a kill", sent=len(lines), more=f"smallest gap {gap:.3f} s of {least} s"))
    assert endings == [-signal.SIGKILL, *[0] * (count - 1)]
    assert {line["status"] for line in lines} == {200}
    assert gap >= least


def asker(arena, seconds, env):
    words = [PYTHON, "-m", "tests.faults.asker", str(seconds)]
    return subprocess.Popen(words, cwd=ROOT, env=os.environ | dict(arena.house.env) | env, stderr=subprocess.DEVNULL)
