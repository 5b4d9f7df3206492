"""How `make test` starts its processes."""

import gc
import os

import pytest

from config.launcher import suite_targets


@pytest.fixture
def started(monkeypatch):
    """What would have taken the launcher's place: its words and its environment."""
    taken = []
    monkeypatch.setattr(os, "execve", lambda _path, words, environment: taken.append((words, environment)))
    return taken


@pytest.mark.parametrize(("cores", "count"), [(1, "2"), (2, "3"), (64, "6")])
def test_a_process_more_than_cores_fills_what_the_others_wait_and_no_more_than_there_is_work_for(
    started, monkeypatch, cores, count
):
    monkeypatch.setattr(os, "cpu_count", lambda: cores)

    suite_targets.test([])

    [(words, _)] = started
    assert words[words.index("-n") + 1] == count


def test_processes_keep_what_python_has_compiled_and_hear_of_no_other_settings(started, monkeypatch):
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "config.settings")

    suite_targets.test(["-k", "words"])

    [(words, environment)] = started
    assert words[-2:] == ["-k", "words"]
    assert not suite_targets.UNHEARD & environment.keys()


def test_what_lives_to_the_end_of_a_run_is_not_looked_through_for_rubbish():
    assert gc.get_freeze_count() > 100_000
    assert gc.isenabled()
