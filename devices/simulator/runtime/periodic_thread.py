"""Background thread that calls a function at regular intervals until it is stopped."""

from collections.abc import Callable
from threading import Event, Thread

STOP_TIMEOUT_SECONDS = 5.0


class PeriodicThread:
    def __init__(self, name: str, action: Callable[[], object]) -> None:
        self._name, self._action = name, action
        self._stopped = Event()
        self._thread: Thread | None = None

    def start(self, seconds: float) -> None:
        """Call `action` every `seconds`."""
        self._stopped.clear()
        self._thread = Thread(target=self._run, args=(seconds,), name=self._name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        if self._thread:
            self._thread.join(STOP_TIMEOUT_SECONDS)

    def _run(self, seconds: float) -> None:
        while not self._stopped.wait(seconds):
            self._action()
