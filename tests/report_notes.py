"""pytest plugin: notes of tests and first failures of repeated tests, printed after the run; the seed, before it.

A process of xdist has no terminal, so notes are sent with the reports of the tests.
"""

import os
import random

import pytest

NOTE_PROPERTY = "note"
# Chosen by the run's first process; its workers inherit the environment, so that all use the same seed.
FUZZ_SEED = int(os.environ.setdefault("FUZZ_SEED", str(random.SystemRandom().randrange(2**32))))


def pytest_report_header():
    return f"FUZZ_SEED={FUZZ_SEED}"


@pytest.fixture
def report_note(record_property):
    """`report_note("200 sequences")`: printed whether the test passes or fails."""
    return lambda text: record_property(NOTE_PROPERTY, text)


def pytest_terminal_summary(terminalreporter):
    print_notes(terminalreporter)
    for report in terminalreporter.stats.get("rerun", ()):
        terminalreporter.section(f"failed at first, ran again: {report.nodeid}")
        terminalreporter.line(report.longreprtext)


def print_notes(terminalreporter):
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.getreports(kind)]
    notes = [(report, text) for report in reports for name, text in report.user_properties if name == NOTE_PROPERTY]
    if not notes:
        return
    terminalreporter.section(f"notes of tests, FUZZ_SEED={FUZZ_SEED}")
    for report, text in notes:
        terminalreporter.line(f"{report.nodeid.partition('::')[2].partition('@')[0]}: {text}")
