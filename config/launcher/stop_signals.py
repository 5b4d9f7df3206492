"""Ctrl-C, SIGTERM and a closed terminal, taken note of and acted on between two steps, never in the middle of one."""

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Asked(Exception):
    """Somebody asked us to stop. Not an error."""


class Ear:
    def __init__(self) -> None:
        self.asked = False

    def note(self, _number: int, _frame: FrameType | None) -> None:
        self.asked = True

    def check(self) -> None:
        if self.asked:
            raise Asked


@contextlib.contextmanager
def listening() -> Iterator[Ear]:
    ear = Ear()
    before = {number: signal.signal(number, ear.note) for number in STOP_SIGNALS}
    try:
        yield ear
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
