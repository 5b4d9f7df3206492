"""Orphan reaper: stops the processes of a dead launcher. Run by path with only the standard library.

Its standard input is a pipe from the launcher: `+PID SIGNAL` registers a process, `-PID` unregisters it. When the pipe
closes, the launcher is gone (even by SIGKILL): registered processes get their signal, and are killed with their groups
after STOP_GRACE_SECONDS.
"""

import contextlib
import os
import signal
import sys
import time

STOP_GRACE_SECONDS = 10


def main() -> None:
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    registered: dict[int, int] = {}
    for line in sys.stdin:
        pid, *stop_signal = (int(word) for word in line.split())
        if pid < 0:
            registered.pop(-pid, None)
        else:
            registered[pid] = stop_signal[0]
    stop_processes(registered)


def stop_processes(registered: dict[int, int]) -> None:
    for pid, stop_signal in reversed(registered.items()):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, stop_signal)
    deadline = time.monotonic() + STOP_GRACE_SECONDS
    while any(is_process_alive(pid) for pid in registered) and time.monotonic() < deadline:
        time.sleep(0.05)
    for pid in registered:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)


def is_process_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    main()
