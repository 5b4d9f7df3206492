"""Ends what a dead launcher left behind. Run by path with nothing but the standard library.

Its standard input is a pipe from the launcher: `+PID SIGNAL` holds a process, `-PID` lets it go. When the pipe closes,
the launcher is gone (even by SIGKILL); what is still held is asked to stop, and killed with its group after a while.
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
    held: dict[int, int] = {}
    for line in sys.stdin:
        update_held_processes(line.split(), held)
    stop_held_processes(held)


def update_held_processes(words: list[str], held: dict[int, int]) -> None:
    pid = abs(int(words[0]))
    if words[0].startswith("-"):
        held.pop(pid, None)
    else:
        held[pid] = int(words[1])


def stop_held_processes(held: dict[int, int]) -> None:
    for pid, stop_signal in reversed(held.items()):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, stop_signal)
    deadline = time.monotonic() + STOP_GRACE_SECONDS
    while any(is_process_alive(pid) for pid in held) and time.monotonic() < deadline:
        time.sleep(0.05)
    for pid in held:
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
