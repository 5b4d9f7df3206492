"""The processes themselves refuse to start, not only the function that they ask."""

import os
import signal
import subprocess
import sys

import pytest

from config import startup_checks
from config.launcher.paths import ROOT
from config.settings import VENDOR_BASE_URL
from tests.timeouts import LONG_WAIT_TIMEOUT_SECONDS, WAIT_TIMEOUT_SECONDS

UNREACHABLE_DATABASE = "postgresql://nobody@127.0.0.1:9/none"
CELERY = ["-m", "celery", "-A", "config"]
PROCESSES = {
    "web": ["-c", "import config.wsgi"],
    "worker": [*CELERY, "worker", "-Q", "ingest", "-c", "1", "-P", "solo"],
    "beat": [*CELERY, "beat", "--schedule"],  # and a file: Celery removes what it finds there
}


@pytest.fixture
def start_process(tmp_path):
    """A process with other values in its environment."""
    started = []

    def start(process, **changes):
        command = [sys.executable, *PROCESSES[process]]
        if process == "beat":
            command += [str(tmp_path / "schedule"), "--pidfile="]
        env = os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings"} | changes
        started.append(
            subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def run_process(start_process):
    """A process after it has ended, and what it wrote."""

    def run(process, **changes):
        ended = start_process(process, **changes)
        _, stderr = ended.communicate(timeout=LONG_WAIT_TIMEOUT_SECONDS)
        return subprocess.CompletedProcess(ended.args, ended.returncode, stderr=stderr)

    return run


@pytest.mark.parametrize("process", PROCESSES)
def test_process_startup_fails_without_webhook_secret(run_process, process):
    ended = run_process(process, TENOVI_WEBHOOK_SECRETS="")

    assert ended.returncode != 0
    assert "TENOVI_WEBHOOK_SECRETS is empty" in ended.stderr


@pytest.mark.parametrize(("process", "ready"), [("worker", " ready."), ("beat", startup_checks.NO_DATABASE)])
def test_process_runs_without_database(start_process, process, ready):
    started = start_process(process, DATABASE_URL=UNREACHABLE_DATABASE)

    seen = []
    while ready not in "".join(seen):
        assert started.poll() is None, seen
        seen.append(started.stderr.readline())
    assert startup_checks.NO_DATABASE in "".join(seen)
    started.send_signal(signal.SIGTERM)
    assert started.wait(WAIT_TIMEOUT_SECONDS) == 0


@pytest.mark.parametrize("process", PROCESSES)
def test_process_startup_fails_with_weak_key_for_real_vendor(run_process, process):
    ended = run_process(process, TENOVI_BASE_URL=VENDOR_BASE_URL, SECRET_KEY="x")

    assert ended.returncode != 0
    assert "SECRET_KEY is too weak" in ended.stderr


def test_web_process_starts_without_database(run_process):
    assert run_process("web", DATABASE_URL=UNREACHABLE_DATABASE).returncode == 0
