"""Rate limiter in real time: one request per second as the vendor sees them, over real sockets."""

import json
import os
import subprocess
import sys
import time
import urllib.request
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import pytest
from django.db import connection

from tests.timeouts import LONG_WAIT_TIMEOUT_SECONDS, WAIT_TIMEOUT_SECONDS

ROOT = Path(__file__).parents[3]
SECONDS = 25
pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def simulator_url(tmp_path):
    command = [sys.executable, "-m", "devices.simulator", "--bind", "127.0.0.1:0", "--state", str(tmp_path / "state")]
    command += ["--domain", "vitals-test", "--keys", "key-people", "--gap-seconds", "1.0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        yield process.stdout.readline().split()[-1]
        process.terminate()


def start_vendor_caller(url):
    database = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}")
    environ = os.environ | {"DATABASE_URL": urlunsplit(database), "PYTHONPATH": str(ROOT), "ASKED_URL": url}
    script = ROOT / "tests/devices/tenovi/vendor_caller.py"
    return subprocess.Popen([sys.executable, str(script), str(SECONDS)], env=environ, cwd=ROOT)


def logged_requests(url):
    asked = urllib.request.Request(f"{url}/_control/requests", headers={"X-Control": "control"})
    with urllib.request.urlopen(asked, timeout=WAIT_TIMEOUT_SECONDS) as answer:
        seen = json.load(answer)
    return seen["requests"] if isinstance(seen, dict) else seen


def test_rate_limiter_allows_one_call_a_second_for_eight_processes_with_one_killed(simulator_url):
    processes = [start_vendor_caller(simulator_url) for _ in range(8)]
    time.sleep(SECONDS / 2)
    processes[0].kill()
    codes = [process.wait(timeout=LONG_WAIT_TIMEOUT_SECONDS) for process in processes]

    seen = logged_requests(simulator_url)
    times = sorted(line["at"] for line in seen)
    assert codes[1:] == [0] * 7
    assert len(times) >= 8
    assert {line["status"] for line in seen} == {200}
    assert min(later - earlier for earlier, later in pairwise(times)) >= 1.0
