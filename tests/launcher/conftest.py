import os
import time
from pathlib import Path

import pytest

from config.launcher import paths
from config.launcher.processes import Leash
from tests.patience import PATIENCE_SECONDS


@pytest.fixture
def state(tmp_path):
    folder = tmp_path / "a path with spaces"
    yield paths.private(folder)
    paths.remove(folder)


@pytest.fixture
def leash():
    with Leash() as leash:
        yield leash


@pytest.fixture
def running():
    """Is a process of this number there? One that was never waited for counts as gone."""

    def ask(pid):
        stat = Path(f"/proc/{pid}/stat")
        if Path("/proc/self").exists():
            return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return False
        return True

    return ask


@pytest.fixture
def eventually():
    def wait(condition):
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not condition():
            assert time.monotonic() < deadline
            time.sleep(0.05)

    return wait
