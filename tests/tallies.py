"""Counts of hooks stay in memory during a test, unless it writes them down: a pytest plugin."""

import pytest

from devices import refusals


class Quiet(refusals.Recorder):
    """Without the thread, which would write outside of a test's transaction."""

    def _start(self):
        pass


@pytest.fixture(autouse=True)
def tallies(monkeypatch):
    recorder = Quiet()
    monkeypatch.setattr(refusals, "recorder", recorder)
    return recorder
