"""Process supervisor: starts processes in order, restarts what ends, and stops all in reverse."""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from config.launcher.console import print_line
from config.launcher.errors import LauncherError, ProcessDied
from config.launcher.processes import (
    POLL_INTERVAL_SECONDS,
    STOP_GRACE_SECONDS,
    EmbeddedServer,
    OrphanReaper,
    Process,
    rotate_log,
)
from config.launcher.stop_signals import StopSignalListener

WATCH_INTERVAL_SECONDS = 0.2
RESTART_LIMIT = 5  # a process that ends more often within the window will not run
RESTART_WINDOW_SECONDS = 60
PYTHON = sys.executable


class Supervisor:
    """`env` is the whole environment of every process. Logs go to `state`/logs."""

    def __init__(
        self, *, state: Path, env: Mapping[str, str], reaper: OrphanReaper, stop_listener: StopSignalListener
    ) -> None:
        self.state, self.env = state, dict(env)
        self.processes: list[Process] = []
        self.dependency_processes: list[Process] = []
        self.watched_processes: list[Process] = []  # embedded servers too, which their own modules start and stop
        self._reaper, self._stop_listener = reaper, stop_listener
        self._servers: dict[str, EmbeddedServer] = {}
        self._ends: dict[str, list[float]] = {}  # of each process: when it ended, by time.monotonic()

    def watch_server(self, server: EmbeddedServer) -> None:
        """A server that the caller starts and stops."""
        self._servers[server.process.name] = server
        self.watched_processes.append(server.process)

    def start(self, name: str, command: Sequence[str | Path], **extra: str) -> Process:
        """`extra`: environment variables of this process alone."""
        process = self.build_process(name, command, extra)
        process.start()
        self.processes.append(process)
        self.watched_processes.append(process)
        return process

    def start_dependency(self, name: str, command: Sequence[str | Path], **extra: str) -> Process:
        """A process that the others connect to: it is stopped only when they have ended."""
        process = self.start(name, command, **extra)
        self.processes.remove(process)
        self.dependency_processes.append(process)
        return process

    def run(self, name: str, command: Sequence[str | Path], **extra: str) -> str:
        """Run to the end; what it printed. ProcessDied with its last lines when it fails."""
        process = self.build_process(name, command, extra)
        process.start()
        try:
            while process.is_running():
                self._stop_listener.raise_if_requested()
                time.sleep(POLL_INTERVAL_SECONDS)
            if not process.has_succeeded():
                raise ProcessDied(
                    f"{name} failed with {process.exit_description()}. "
                    f"Its last lines, from {process.log}:\n{process.log_tail()}"
                )
        finally:
            process.stop()
        return process.log.read_text(errors="replace")

    def wait_until(self, ready: Callable[[], bool], *, what: str, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                raise LauncherError(f"{what} is not ready after {seconds:.0f} s; see {self.state / 'logs'}.")
            time.sleep(POLL_INTERVAL_SECONDS)

    def watch(self) -> None:
        """Until a stop signal arrives (StopRequested) or a process ends too often (ProcessDied)."""
        while True:
            self._stop_listener.raise_if_requested()
            for process in self.watched_processes:
                if not process.is_running():
                    self.restart(process)
            time.sleep(WATCH_INTERVAL_SECONDS)

    def restart(self, process: Process) -> None:
        """Start a process that has ended once more. ProcessDied after RESTART_LIMIT times in RESTART_WINDOW_SECONDS."""
        now = time.monotonic()
        ends = [at for at in self._ends.get(process.name, []) if at > now - RESTART_WINDOW_SECONDS]
        if len(ends) >= RESTART_LIMIT:
            process.check()
        self._ends[process.name] = [*ends, now]
        print_line(f"{process.name} ended ({process.exit_description()}) and is started again; see {process.log}")
        process.kill()  # its children may have outlived it
        self._servers.get(process.name, process).start()

    def check(self) -> None:
        self._stop_listener.raise_if_requested()
        for process in self.watched_processes:
            process.check()

    def stop(self) -> None:
        """Stop in reverse order; what still runs after STOP_GRACE_SECONDS is killed with its group."""
        for processes in (self.processes, self.dependency_processes):
            for process in reversed(processes):
                process.request_stop()
            deadline = time.monotonic() + STOP_GRACE_SECONDS
            while processes:
                processes.pop().wait_or_kill(deadline=deadline)

    def build_process(self, name: str, command: Sequence[str | Path], extra: Mapping[str, str]) -> Process:
        log = self.state / "logs" / f"{name}.log"
        rotate_log(log)
        return Process(name, command, reaper=self._reaper, log=log, env={**self.env, **extra})
