"""What tests say of themselves, at the end of the run: a pytest plugin. The seed of its random walks stands on top.

A process of xdist has no terminal to print on, so remarks travel with the reports of the tests.
"""

import os
import random

import pytest

NOTE_PROPERTY = "remark"
# Chosen by the run's first process; its workers inherit the environment, so that all of them roll the same dice.
FUZZ_SEED = int(os.environ.setdefault("FUZZ_SEED", str(random.SystemRandom().randrange(2**32))))


def pytest_report_header():
    return f"FUZZ_SEED={FUZZ_SEED}"


@pytest.fixture
def report_note(record_property):
    """`remark("200 walks")`: kept whether the test passes or fails."""
    return lambda text: record_property(NOTE_PROPERTY, text)


def pytest_terminal_summary(terminalreporter):
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.getreports(kind)]
    said = [(report, text) for report in reports for name, text in report.user_properties if name == NOTE_PROPERTY]
    if not said:
        return
    terminalreporter.section(f"what was walked and measured, FUZZ_SEED={FUZZ_SEED}")
    for report, text in said:
        terminalreporter.line(f"{report.nodeid.partition('::')[2].partition('@')[0]}: {text}")
