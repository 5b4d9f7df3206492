"""The processes themselves refuse to start, not only the function that they ask."""

import os
import subprocess
import sys

import pytest

from config.launcher.paths import ROOT
from tests.timeouts import LONG_WAIT_TIMEOUT_SECONDS

CELERY = ["-m", "celery", "-A", "config"]
PROCESSES = {
    "web": ["-c", "import config.wsgi"],
    "worker": [*CELERY, "worker", "-Q", "ingest", "-c", "1", "-P", "solo"],
    "beat": [*CELERY, "beat", "--schedule"],  # and a file: Celery removes what it finds there
}


@pytest.fixture
def run_process(tmp_path):
    """A process with other values in its environment, after it has ended."""

    def start(process, **changes):
        command = [sys.executable, *PROCESSES[process]]
        if process == "beat":
            command.append(str(tmp_path / "schedule"))
        env = os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings"} | changes
        return subprocess.run(
            command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=LONG_WAIT_TIMEOUT_SECONDS, check=False
        )

    return start


@pytest.mark.parametrize("process", PROCESSES)
def test_process_startup_fails_without_webhook_secret(run_process, process):
    ended = run_process(process, TENOVI_WEBHOOK_SECRETS="")

    assert ended.returncode != 0
    assert "TENOVI_WEBHOOK_SECRETS is empty" in ended.stderr


def test_worker_startup_fails_without_database(run_process):
    ended = run_process("worker", DATABASE_URL="postgresql://nobody@127.0.0.1:9/none")

    assert ended.returncode != 0
    assert "PostgreSQL could not be asked (OperationalError)" in ended.stderr
