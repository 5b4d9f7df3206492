"""Counts of hooks stay in memory during a test, unless it writes them down: a pytest plugin."""

import pytest

from devices.webhooks import outcome_counts


class Quiet(outcome_counts.Recorder):
    """Without the thread, which would write outside of a test's transaction."""

    def _start(self):
        pass


@pytest.fixture(autouse=True)
def tallies(monkeypatch):
    recorder = Quiet()
    monkeypatch.setattr(outcome_counts, "recorder", recorder)
    return recorder
