"""Pulls behind every scripted fault, and the rate limit with a Redis flush and a killed process."""

import os
import signal
import subprocess
import time
from itertools import pairwise

import pytest

from config.launcher.paths import ROOT
from config.launcher.supervisor import PYTHON
from devices.tenovi.rate_limiter import SLOT_LATE_SECONDS
from tests.faults.fault_stack import GAP_SECONDS, with_sizes
from tests.faults.pulls import create_patients_at_vendor, pull_result_row, request_pull, run_pull
from tests.faults.results_table import ResultRow
from tests.timeouts import LONG_WAIT_TIMEOUT_SECONDS

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


@with_sizes(QUICK, QUICK | SLOW)
def test_pull_behind_vendor_faults_stores_every_reading(fault_stack, report_row, size):
    people = create_patients_at_vendor(fault_stack, count=len(size), readings=READINGS)
    for person, fault in zip(people, size.values(), strict=True):
        fault_stack.fault(**fault, method="GET", path=person["external_id"])
    seconds = run_pull(fault_stack, people)

    row = pull_result_row(fault_stack, people, f"pull behind {len(size)} kinds of fault", f"{seconds:.0f} s")
    report_row(row)
    assert row.held == row.stored == READINGS * len(size)
    assert fault_stack.read_control("faults") == []
    assert fault_stack.smallest_gap() >= GAP_SECONDS


@pytest.mark.parametrize("status", [301, 401])
def test_pull_refused_by_the_vendor_resumes_and_stores_every_reading(fault_stack, report_row, status):
    people = create_patients_at_vendor(fault_stack, count=1, readings=READINGS)
    kind = "redirect" if status == 301 else "status"
    fault_stack.fault(kind, status=status, method="GET", path=people[0]["external_id"])
    problem = "SELECT count(*) FROM devices_syncrow row WHERE patient_id = %s::uuid AND problem <> ''"
    request_pull(fault_stack, people)
    fault_stack.wait_until(lambda: fault_stack.one(problem, people[0]["patient"]), what="the refusal")
    fault_stack.rows("UPDATE devices_apikeyslot SET refused_since = NULL, refused_reason = ''")  # what an operator does
    fault_stack.rows("UPDATE devices_syncrow SET next_attempt_at = now() WHERE state = 'waiting'")
    run_pull(fault_stack, people)

    report_row(pull_result_row(fault_stack, people, f"pull behind a {status}"))


@with_sizes((4, 5, GAP_SECONDS, 0.2), (8, 20, 1.0, 1.05))
def test_rate_limiter_respects_the_gap_for_many_processes_with_a_redis_flush_and_a_kill(fault_stack, report_row, size):
    """As the vendor saw it, and as the processes wrote it, which no load of the machine may change."""
    count, seconds, least, booked = size
    fault_stack.send_control("limits", gap_seconds=least)
    with fault_stack.stopped("worker-people", "worker-background"):
        fault_stack.clear_requests()
        callers = [start_vendor_caller(fault_stack, seconds, booked) for _ in range(count)]
        try:
            time.sleep(seconds / 3)
            fault_stack.broker.flushall()
            callers[0].send_signal(signal.SIGKILL)
            printed = [process.communicate(timeout=LONG_WAIT_TIMEOUT_SECONDS)[0] for process in callers]
        finally:
            for process in callers:
                process.kill()
        lines, gap = fault_stack.read_control("requests"), fault_stack.smallest_gap()

    report_row(
        ResultRow(f"{count} processes, a flush, a kill", sent=len(lines), more=f"smallest gap {gap:.3f} s of {least} s")
    )
    assert [process.returncode for process in callers] == [-signal.SIGKILL, *[0] * (count - 1)]
    lines_of_callers = [line.split() for text in printed for line in text.splitlines()]
    written = sorted((key, float(at)) for key, at in lines_of_callers)
    gaps = [later - earlier for (key, earlier), (same, later) in pairwise(written) if key == same]
    assert len(gaps) > seconds
    assert min(gaps) >= booked - SLOT_LATE_SECONDS
    assert {line["status"] for line in lines} == {200}
    assert gap >= least


def start_vendor_caller(fault_stack, seconds, booked):
    words = [PYTHON, "-m", "tests.faults.vendor_caller", str(seconds)]
    env = os.environ | dict(fault_stack.stack.env) | {"TENOVI_CALL_GAP_SECONDS": str(booked)}
    return subprocess.Popen(words, cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
