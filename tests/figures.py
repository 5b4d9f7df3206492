"""What benchmarks measured: shown at the end of the run, and written to the file that FIGURES names."""

import os
import platform
from pathlib import Path

import pytest

MEASURED = pytest.StashKey[list]()
HEAD = """# Figures

Measured by `make figures` on {cores} cores ({machine}), with embedded servers and all processes on that one machine.

| what | figure |
|---|---|
"""


@pytest.fixture
def figure(request):
    """`figure("webhooks acknowledged per second", "310")`."""

    def note(what, value):
        request.config.stash.setdefault(MEASURED, []).append((what, value))

    return note


def pytest_terminal_summary(terminalreporter, config):
    rows = config.stash.get(MEASURED, [])
    for what, value in rows:
        terminalreporter.line(f"{what}: {value}")
    if rows and (file := os.environ.get("FIGURES")):
        head = HEAD.format(cores=os.cpu_count(), machine=platform.machine())
        Path(file).write_text(head + "".join(f"| {what} | {value} |\n" for what, value in rows))
