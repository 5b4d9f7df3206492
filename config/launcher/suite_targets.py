"""`make test` and its sisters: pytest takes the place of the launcher, so signals and its last line are its own."""

import os
import sys
from typing import NoReturn

from config.launcher.chromium import found_or_fetched
from config.launcher.paths import ROOT

PYTEST = [sys.executable, "-m", "pytest"]
TWO = ["-n", "2", "--dist", "loadgroup"]
MOST = 6  # the tests that share one house run one after the other, and the rest is done by then
# Whoever keeps Python from writing what it has compiled has each of a hundred processes compile the product anew.
UNHEARD = {"DJANGO_SETTINGS_MODULE", "PYTHONDONTWRITEBYTECODE"}


def test(words: list[str]) -> NoReturn:
    """A process more than there are cores: the tests of real processes, of browsers and of the clock wait a third of
    their time.
    """
    count = min((os.cpu_count() or 1) + 1, MOST)
    pytest(["-n", str(count), "--dist", "loadgroup", *words], CHROMIUM=found_or_fetched() or "")


def test_faults(words: list[str]) -> NoReturn:
    """The walks and arbitrary bodies in one process, what breaks the product's own processes in the other."""
    pytest(["-m", "faults", *TWO, *words])


def bench(words: list[str]) -> NoReturn:
    pytest(["-m", "bench", *words])


def figures(words: list[str]) -> NoReturn:
    pytest(["-m", "bench", *words], FIGURES=str(ROOT / "docs" / "figures.md"))


def pytest(words: list[str], **environment: str) -> NoReturn:
    sys.stdout.flush()
    inherited = {name: value for name, value in os.environ.items() if name not in UNHEARD}
    os.execve(sys.executable, [*PYTEST, *words], inherited | environment)
