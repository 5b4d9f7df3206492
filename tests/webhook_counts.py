"""Counts of hooks stay in memory during a test, unless it writes them down: a pytest plugin."""

import pytest

from devices.webhooks import outcome_counts


class ThreadlessRecorder(outcome_counts.OutcomeRecorder):
    """Without the thread, which would write outside of a test's transaction."""

    def _start_thread(self):
        pass


@pytest.fixture(autouse=True)
def webhook_counts(monkeypatch):
    recorder = ThreadlessRecorder()
    monkeypatch.setattr(outcome_counts, "outcome_recorder", recorder)
    return recorder
