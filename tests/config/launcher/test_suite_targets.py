"""Workers and environment of `make test`."""

import gc
import os

import pytest

from config.launcher import suite_targets


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


def test_suite_freezes_long_lived_objects_for_garbage_collector():
    assert gc.get_freeze_count() > 100_000
    assert gc.isenabled()
