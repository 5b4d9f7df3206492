import os
import time
from pathlib import Path

import pytest

from config.launcher import paths
from config.launcher.processes import OrphanReaper
from tests.timeouts import WAIT_TIMEOUT_SECONDS


@pytest.fixture
def state_folder(tmp_path):
    folder = tmp_path / "a path with spaces"
    yield paths.create_private_folder(folder)
    paths.remove_state(folder)


@pytest.fixture
def orphan_reaper():
    with OrphanReaper() as reaper:
        yield reaper


@pytest.fixture
def is_running():
    """Whether a process with this id runs; a zombie counts as ended."""

    def check(pid):
        stat = Path(f"/proc/{pid}/stat")
        if Path("/proc/self").exists():
            return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return True

    return check


@pytest.fixture
def wait_for():
    def wait(condition):
        deadline = time.monotonic() + WAIT_TIMEOUT_SECONDS
        while not condition():
            assert time.monotonic() < deadline
            time.sleep(0.05)

    return wait
