"""A reload of the web processes: requests are answered by the old workers until the new ones have started."""

import contextlib
import os
import signal
import subprocess
import time
from types import SimpleNamespace

import httpx2
import pytest

from config import gunicorn_worker
from config.gunicorn_worker import MAX_OVERLAP_SECONDS, OverlappingReloadWorker
from config.launcher.stack import find_free_port
from config.launcher.supervisor import PYTHON
from tests.source_code import ROOT
from tests.timeouts import LONG_WAIT_TIMEOUT_SECONDS, WAIT_TIMEOUT_SECONDS


@pytest.fixture
def server(tmp_path):
    """gunicorn with the product's settings, one worker, and an application that waits for the file `may-start`."""
    port = find_free_port()
    env = os.environ | {"BIND": f"127.0.0.1:{port}", "WEB_CONCURRENCY": "1", "WAITING_APP_FOLDER": str(tmp_path)}
    env.pop("PROMETHEUS_MULTIPROC_DIR", None)
    words = [PYTHON, "-m", "gunicorn", "--config", "config/gunicorn.py", "tests.config.waiting_app:application"]
    master = subprocess.Popen(words, cwd=ROOT, env=env)

    def ask():
        return httpx2.get(f"http://127.0.0.1:{port}", timeout=WAIT_TIMEOUT_SECONDS).text

    yield SimpleNamespace(master=master, ask=ask, may_start=tmp_path / "may-start", folder=tmp_path)
    master.terminate()
    master.wait(LONG_WAIT_TIMEOUT_SECONDS)


def wait_for(check):
    deadline = time.monotonic() + LONG_WAIT_TIMEOUT_SECONDS
    while True:
        with contextlib.suppress(httpx2.ConnectError):
            if result := check():
                return result
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_reload_answers_with_old_workers_until_a_new_one_has_started(server):
    server.may_start.touch()
    old = wait_for(server.ask)
    server.may_start.unlink()
    server.master.send_signal(signal.SIGHUP)
    wait_for(lambda: len(list(server.folder.glob("importing-*"))) == 2)

    assert {server.ask() for _ in range(5)} == {old}

    server.may_start.touch()
    assert wait_for(lambda: (answer := server.ask()) != old and answer)
    with pytest.raises(ProcessLookupError):
        wait_for(lambda: os.kill(int(old), 0))


@pytest.fixture
def worker(monkeypatch):
    """An old worker; `alive` is False as soon as it stops."""
    monkeypatch.setattr(gunicorn_worker, "shared_ages", bytearray(gunicorn_worker.AGES.size))
    made = object.__new__(OverlappingReloadWorker)
    made.age, made.alive = 2, True
    made.method_queue = SimpleNamespace(defer=lambda act: None)
    return made


def test_worker_stops_at_once_without_a_reload(worker):
    worker.handle_exit(signal.SIGTERM, None)

    assert not worker.alive


def test_worker_stops_when_a_worker_of_the_new_generation_has_started(worker):
    gunicorn_worker.record_reload(2)
    worker.handle_exit(signal.SIGTERM, None)
    assert worker.alive

    gunicorn_worker.record_started(2)
    worker.stop_when_replaced()
    assert worker.alive, "a sibling of its own age replaces nothing"

    gunicorn_worker.record_started(3)
    worker.stop_when_replaced()
    assert not worker.alive


def test_worker_waits_a_limited_time_for_the_new_generation(worker):
    gunicorn_worker.record_reload(2)
    worker.handle_exit(signal.SIGTERM, None)
    worker.stop_requested_at -= MAX_OVERLAP_SECONDS + 1
    worker.stop_when_replaced()

    assert not worker.alive
