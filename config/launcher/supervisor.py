"""Processes that stand and fall together: started in order, watched, stopped in reverse."""

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from config.launcher.errors import Died, Refused
from config.launcher.processes import GRACE_SECONDS, POLL_SECONDS, Leash, Process, rotate
from config.launcher.stop_signals import Ear

WATCH_SECONDS = 0.2
PYTHON = sys.executable


class Crew:
    """`env` is the whole environment of every process. Logs go to `state`/logs."""

    def __init__(self, *, state: Path, env: Mapping[str, str], leash: Leash, ear: Ear) -> None:
        self.state, self.env = state, dict(env)
        self.processes, self.talked_to, self.watched = list[Process](), list[Process](), list[Process]()
        self._leash, self._ear = leash, ear

    def start(self, name: str, command: Sequence[str | Path], **extra: str) -> Process:
        """`extra` is environment of this process alone."""
        process = self._process(name, command, extra)
        process.start()
        self.processes.append(process)
        self.watched.append(process)
        return process

    def start_before(self, name: str, command: Sequence[str | Path], **extra: str) -> Process:
        """One that the others talk to: asked to stop only when they have ended."""
        process = self.start(name, command, **extra)
        self.processes.remove(process)
        self.talked_to.append(process)
        return process

    def run(self, name: str, command: Sequence[str | Path], **extra: str) -> str:
        """To its end; what it printed. Raises Died with its last lines when it fails."""
        process = self._process(name, command, extra)
        process.start()
        try:
            while process.alive():
                self._ear.check()
                time.sleep(POLL_SECONDS)
            if not process.succeeded():
                raise Died(
                    f"{name} failed with {process.ending()}. Its last lines, from {process.log}:\n{process.tail()}"
                )
        finally:
            process.stop()
        return process.log.read_text(errors="replace")

    def adopt(self, process: Process) -> None:
        """Watch a server that its own module starts and stops."""
        self.watched.append(process)

    def wait_until(self, ready: Callable[[], bool], *, what: str, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not ready():
            self.check()
            if time.monotonic() > deadline:
                raise Refused(f"{what} is not ready after {seconds:.0f} s; see {self.state / 'logs'}.")
            time.sleep(POLL_SECONDS)

    def watch(self) -> None:
        """Until somebody asks us to stop (Asked) or one of us ends (Died)."""
        while True:
            self.check()
            time.sleep(WATCH_SECONDS)

    def check(self) -> None:
        self._ear.check()
        for process in self.watched:
            process.check()

    def stop(self) -> None:
        """Last started, first asked; then what is left after its grace is killed with its group."""
        for processes in (self.processes, self.talked_to):
            for process in reversed(processes):
                process.ask_to_stop()
            deadline = time.monotonic() + GRACE_SECONDS
            while processes:
                processes.pop().finish(deadline=deadline)

    def _process(self, name: str, command: Sequence[str | Path], extra: Mapping[str, str]) -> Process:
        log = self.state / "logs" / f"{name}.log"
        rotate(log)
        return Process(name, command, leash=self._leash, log=log, env={**self.env, **extra})
