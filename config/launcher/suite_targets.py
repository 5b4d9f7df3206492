"""`make test`, `test-faults`, `bench` and `figures`: pytest replaces the launcher's process, so it gets the signals."""

import os
import sys
from typing import NoReturn

from config.launcher.chromium import find_or_install_chromium
from config.launcher.paths import ROOT

PYTEST_COMMAND = [sys.executable, "-m", "pytest"]
TWO_WORKER_FLAGS = ["-n", "2", "--dist", "loadgroup"]
# A test that fails runs again, twice at most, because browsers and processes of several tests share the cores. Its
# first failure is printed. Random tests fail again, since their seed and their failing examples are stored.
RERUN_FLAGS = ["--reruns", "2", "--reruns-delay", "1"]
MAX_TEST_WORKERS = 6  # tests that share one stack run one after the other, and the rest is done by then
# Without bytecode files, each of a hundred processes would compile the product anew.
DROPPED_VARIABLES = {"DJANGO_SETTINGS_MODULE", "PYTHONDONTWRITEBYTECODE"}


def run_test_suite(words: list[str]) -> NoReturn:
    """One worker more than there are cores: tests of processes, browsers and timing wait a third of their time."""
    count = min((os.cpu_count() or 1) + 1, MAX_TEST_WORKERS)
    flags = ["-n", str(count), "--dist", "loadgroup", *RERUN_FLAGS]
    exec_pytest([*flags, *words], CHROMIUM=find_or_install_chromium() or "")


def run_fault_tests(words: list[str]) -> NoReturn:
    """Property-based tests in one worker, tests that break the product's processes in the other."""
    exec_pytest(["-m", "faults", *TWO_WORKER_FLAGS, *words])


def run_benchmarks(words: list[str]) -> NoReturn:
    exec_pytest(["-m", "bench", *words])


def write_figures(words: list[str]) -> NoReturn:
    exec_pytest(["-m", "bench", *words], FIGURES=str(ROOT / "docs" / "figures.md"))


def exec_pytest(words: list[str], **environment: str) -> NoReturn:
    sys.stdout.flush()
    inherited = {name: value for name, value in os.environ.items() if name not in DROPPED_VARIABLES}
    os.execve(sys.executable, [*PYTEST_COMMAND, *words], inherited | environment)
