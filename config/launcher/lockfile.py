"""File lock: one launcher per state folder, released when its last process ends, also after a crash."""

import contextlib
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from config.launcher.errors import LauncherError

LOCK_WAIT_SECONDS = 15  # a killed launcher's reaper may still be stopping its processes


@contextlib.contextmanager
def hold_state_lock(state: Path, *, target: str) -> Iterator[int]:
    """The lock's file descriptor, to be inherited by the reaper."""
    with (state / "lock").open("a+") as file:
        deadline = time.monotonic() + LOCK_WAIT_SECONDS
        while not try_file_lock(file.fileno()):
            file.seek(0)
            holder = file.read().strip()
            if is_process_alive(holder) or time.monotonic() > deadline:
                raise LauncherError(
                    f"`make {target}` already runs in this clone (process {holder}): stop it first, with Ctrl-C."
                )
            time.sleep(0.2)
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield file.fileno()
        file.truncate(0)


def try_file_lock(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_process_alive(pid: str) -> bool:
    if not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
