"""Child processes: each in its own process group, logged to a file, stopped together with its children."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from config.launcher.errors import LauncherError, ProcessDied
from config.launcher.paths import ROOT, DatabaseOwner

STOP_GRACE_SECONDS = 10
TAIL_LINES = 30
POLL_INTERVAL_SECONDS = 0.05


class OrphanReaper(contextlib.AbstractContextManager["OrphanReaper"]):
    """The launcher's side of orphan_reaper.py: its processes are stopped even when the launcher itself is killed."""

    def __init__(self, *, inherited_descriptors: tuple[int, ...] = ()) -> None:
        """`inherited_descriptors` (a state folder's lock) stay open until the last process ends."""
        script = Path(__file__).with_name("orphan_reaper.py")
        reading, writing = os.pipe()
        self._helper = subprocess.Popen(
            [sys.executable, "-I", "-S", script], stdin=reading, pass_fds=inherited_descriptors, start_new_session=True
        )
        os.close(reading)
        self._pipe = os.fdopen(writing, "w", buffering=1)  # by lines

    def register_process(self, pid: int, stop_signal: signal.Signals) -> None:
        self._pipe.write(f"+{pid} {stop_signal.value}\n")

    def unregister_process(self, pid: int) -> None:
        self._pipe.write(f"-{pid}\n")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._pipe.close()
        self._helper.wait()


class Process:
    def __init__(
        self,
        name: str,
        command: Sequence[str | Path],
        *,
        reaper: OrphanReaper,
        log: Path,
        env: Mapping[str, str],
        cwd: Path = ROOT,
        owner: DatabaseOwner | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        self.name, self.command, self.log, self.env, self.cwd = name, [str(word) for word in command], log, env, cwd
        self._reaper, self._owner, self._stop_signal = reaper, owner, stop_signal
        self._popen: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.log.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            self._popen = subprocess.Popen(
                self.command,
                env=dict(self.env),
                cwd=self.cwd,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                umask=0o077,  # its files (accounts, mail, the vendor's state) are readable by this user only
                **popen_user_options(self._owner),
            )
        self._reaper.register_process(self._popen.pid, self._stop_signal)

    @property
    def pid(self) -> int:
        if self._popen is None:
            raise ProcessDied(f"{self.name} is not running.")
        return self._popen.pid

    def is_running(self) -> bool:
        return self._popen is not None and self._popen.poll() is None

    def check(self) -> None:
        if not self.is_running():
            raise ProcessDied(
                f"{self.name} ended ({self.exit_description()}). Its last lines, from {self.log}:\n{self.log_tail()}"
            )

    def has_succeeded(self) -> bool:
        return self._popen is not None and self._popen.poll() == 0

    def exit_description(self) -> str:
        code = self._popen.poll() if self._popen else None
        return f"signal {signal.Signals(-code).name}" if code is not None and code < 0 else f"exit code {code}"

    def log_tail(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()[-TAIL_LINES:] if self.log.exists() else []
        return "\n".join(f"  {self.name} | {line}" for line in lines)

    def request_stop(self) -> None:
        self.send(self._stop_signal)

    def send(self, what: signal.Signals) -> None:
        if self.is_running():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, what)

    def stop(self, *, grace: float = STOP_GRACE_SECONDS) -> None:
        """Send the stop signal, wait, then kill the whole group, in which a child may have outlived its parent."""
        self.request_stop()
        self.wait_or_kill(deadline=time.monotonic() + grace)

    def wait_or_kill(self, *, deadline: float) -> None:
        """`deadline` by time.monotonic()."""
        if self._popen is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._popen.wait(max(0.0, deadline - time.monotonic()))
        self.kill()

    def kill(self) -> None:
        """SIGKILL to the whole group, as a crash would."""
        if self._popen is None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS: EPERM for a group of zombies
            os.killpg(self.pid, signal.SIGKILL)
        self._popen.wait()
        self._reaper.unregister_process(self.pid)
        self._popen = None


class EmbeddedServer:
    """A server in `process` that is started on entering the context and stopped on leaving it."""

    process: Process
    start_timeout_seconds = 120  # recovery of a database after a crash replays the log first

    def start(self) -> None:
        raise NotImplementedError

    def stop(self) -> None:
        self.process.stop()

    def kill(self) -> None:
        """SIGKILL, as a crash. What is durable is there after `start()`."""
        self.process.kill()

    def start_process(self, is_ready: Callable[[], bool]) -> None:
        rotate_log(self.process.log)
        self.process.start()
        deadline = time.monotonic() + self.start_timeout_seconds
        while not is_ready():
            self.process.check()
            if time.monotonic() > deadline:
                name, log = self.process.name, self.process.log
                raise LauncherError(f"{name} is not ready after {self.start_timeout_seconds} s, see {log}.")
            time.sleep(POLL_INTERVAL_SECONDS)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()


def popen_user_options(owner: DatabaseOwner | None) -> dict[str, Any]:
    return {"user": owner.uid, "group": owner.gid, "extra_groups": []} if owner else {}


def rotate_log(log: Path) -> None:
    """Rename the last run's log, so that the tail shows this run only."""
    if log.exists():
        log.replace(log.with_name(log.name + ".1"))
