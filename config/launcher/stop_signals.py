"""Stop signals (Ctrl-C, SIGTERM, closed terminal), recorded and acted on between two steps, never during one."""

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class StopRequested(Exception):
    """A stop signal arrived. Not an error."""


class StopSignalListener:
    def __init__(self) -> None:
        self.stop_requested = False

    def handle_signal(self, _number: int, _frame: FrameType | None) -> None:
        self.stop_requested = True

    def raise_if_requested(self) -> None:
        if self.stop_requested:
            raise StopRequested


@contextlib.contextmanager
def listen_for_stop_signals() -> Iterator[StopSignalListener]:
    listener = StopSignalListener()
    before = {number: signal.signal(number, listener.handle_signal) for number in STOP_SIGNALS}
    try:
        yield listener
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
