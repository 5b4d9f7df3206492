"""Workers and environment of `make test`."""

import gc
import os
import subprocess

import pytest

from config.launcher import suite_targets
from config.launcher.paths import ROOT

FAILS_AT_FIRST = """
runs = []

def test_passes_second_time():
    runs.append(1)
    assert len(runs) == 2, "first time"

def test_fails_always():
    assert not runs
"""


@pytest.fixture
def executed_commands(monkeypatch):
    """(arguments, environment) of each process that would have replaced the launcher."""
    taken = []
    monkeypatch.setattr(os, "execve", lambda _path, words, environment: taken.append((words, environment)))
    return taken


@pytest.mark.parametrize(("cores", "count"), [(1, "2"), (2, "3"), (64, "6")])
def test_suite_target_starts_one_worker_more_than_cores_up_to_six(executed_commands, monkeypatch, cores, count):
    monkeypatch.setattr(os, "cpu_count", lambda: cores)

    suite_targets.run_test_suite([])

    [(words, _)] = executed_commands
    assert words[words.index("-n") + 1] == count


def test_suite_target_removes_python_and_settings_variables_from_environment(executed_commands, monkeypatch):
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "config.settings")

    suite_targets.run_test_suite(["-k", "words"])

    [(words, environment)] = executed_commands
    assert words[-2:] == ["-k", "words"]
    assert not suite_targets.DROPPED_VARIABLES & environment.keys()


def test_suite_runs_failed_test_again_and_prints_first_failure(tmp_path):
    (tmp_path / "test_it.py").write_text(FAILS_AT_FIRST)

    flags = [*suite_targets.RERUN_FLAGS, "-p", "tests.report_notes", "-c", os.devnull, "--rootdir", str(tmp_path)]
    run = subprocess.run(
        [*suite_targets.PYTEST_COMMAND, *flags, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert "1 failed, 1 passed, 3 rerun" in run.stdout
    assert "failed at first, ran again: test_it.py::test_passes_second_time" in run.stdout
    assert "AssertionError: first time" in run.stdout


def test_suite_freezes_long_lived_objects_for_garbage_collector():
    assert gc.get_freeze_count() > 100_000
    assert gc.isenabled()
