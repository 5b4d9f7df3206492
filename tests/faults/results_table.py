"""Results table of the fault tests, printed at the end of the run: sent, acknowledged, stored and lost.

`WRITE_DOCS=1 make test-faults` writes it to docs/faults.md.
"""

import os
import platform
from dataclasses import asdict, dataclass

import pytest

from config.launcher.paths import ROOT

COLUMNS = ("held", "sent", "acknowledged", "stored", "duplicated", "quarantined", "lost", "http_500", "p50", "p99")
NAME = "faults row"


@dataclass
class ResultRow:
    """`held`: distinct items on the sender's side. `p50`, `p99`: ms from when a request was due. `more`: the rest."""

    what: str
    held: int = 0
    sent: int = 0
    acknowledged: int = 0
    stored: int = 0
    duplicated: int = 0
    quarantined: int = 0
    lost: int = 0
    http_500: int = 0
    p50: float | None = None
    p99: float | None = None
    more: str = ""

    def is_sound(self):
        assert (self.lost, self.duplicated, self.http_500) == (0, 0, 0), self


@pytest.fixture
def report_row(record_property):
    """`report_row(row)`: print it at the end of the run, and fail if it is not sound."""

    def record(row):
        record_property(NAME, asdict(row))
        row.is_sound()

    return record


def pytest_terminal_summary(terminalreporter):
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.getreports(kind)]
    rows = [value for report in reports for name, value in report.user_properties if name == NAME]
    if not rows:
        return
    width = max(len(row["what"]) for row in rows)
    terminalreporter.section("acknowledged and stored, ordered and shipped")
    terminalreporter.line(" " * width + "".join(f" {name.replace('_', ' '):>12}" for name in COLUMNS))
    for row in rows:
        cells = "".join(f" {format_number(row[name]):>12}" for name in COLUMNS)
        terminalreporter.line(f"{row['what']:<{width}}{cells}  {row['more']}")
    if os.environ.get("WRITE_DOCS"):
        (ROOT / "docs" / "faults.md").write_text(format_document(rows))


def format_document(rows):
    head = "| ".join(name.replace("_", " ") + " " for name in COLUMNS)
    lines = "\n".join(
        f"| {row['what']} | {' | '.join(format_number(row[name]) for name in COLUMNS)} | {row['more']} |"
        for row in rows
    )
    return f"""# Faults

What `make test-faults` found on {platform.system()} {platform.machine()} with {os.cpu_count()} cores, which the
vendor's simulator, the web server, the workers and both databases shared: real processes, real signals, PostgreSQL with
durable commits. *Held* are distinct readings or orders on the sender's side, *sent* the requests for them,
*acknowledged* those that were told yes. A reading that was acknowledged is stored, an order is shipped once: **lost**,
**duplicated** and **HTTP 500** must be 0. Times run from when a request was due, not from when it left.

| what happened | {head}| |
|---|{"---:|" * len(COLUMNS)}---|
{lines}
"""


def format_number(number):
    if number is None:
        return ""
    return f"{number:.0f} ms" if isinstance(number, float) else f"{number:,}"
