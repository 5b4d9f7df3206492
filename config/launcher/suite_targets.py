"""`make test` and its sisters: pytest takes the place of the launcher, so signals and its last line are its own."""

import os
import sys
from typing import NoReturn

from config.launcher.chromium import find_or_install_chromium
from config.launcher.paths import ROOT

PYTEST_COMMAND = [sys.executable, "-m", "pytest"]
TWO_WORKER_FLAGS = ["-n", "2", "--dist", "loadgroup"]
MAX_TEST_WORKERS = 6  # the tests that share one house run one after the other, and the rest is done by then
# Whoever keeps Python from writing what it has compiled has each of a hundred processes compile the product anew.
DROPPED_VARIABLES = {"DJANGO_SETTINGS_MODULE", "PYTHONDONTWRITEBYTECODE"}


def run_test_suite(words: list[str]) -> NoReturn:
    """A process more than there are cores: the tests of real processes, of browsers and of the clock wait a third of
    their time.
    """
    count = min((os.cpu_count() or 1) + 1, MAX_TEST_WORKERS)
    exec_pytest(["-n", str(count), "--dist", "loadgroup", *words], CHROMIUM=find_or_install_chromium() or "")


def run_fault_tests(words: list[str]) -> NoReturn:
    """The walks and arbitrary bodies in one process, what breaks the product's own processes in the other."""
    exec_pytest(["-m", "faults", *TWO_WORKER_FLAGS, *words])


def run_benchmarks(words: list[str]) -> NoReturn:
    exec_pytest(["-m", "bench", *words])


def write_figures(words: list[str]) -> NoReturn:
    exec_pytest(["-m", "bench", *words], FIGURES=str(ROOT / "docs" / "figures.md"))


def exec_pytest(words: list[str], **environment: str) -> NoReturn:
    sys.stdout.flush()
    inherited = {name: value for name, value in os.environ.items() if name not in DROPPED_VARIABLES}
    os.execve(sys.executable, [*PYTEST_COMMAND, *words], inherited | environment)
