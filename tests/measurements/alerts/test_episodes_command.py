"""Command `episodes` on a facts file: its answer, its refusals, and that nothing has to be configured."""

import json
import os
import subprocess
import sys

import pytest
from django.core.management import CommandError, call_command

from config.launcher.paths import ROOT
from tests.measurements.alerts.cases import event, glucose

EXAMPLE = ROOT / "docs" / "alerts" / "bp_severe.json"


@pytest.fixture
def facts_file(tmp_path):
    path = tmp_path / "facts.json"
    content = {
        "zone": "America/New_York",
        "rules": [{"code": "glucose_very_low"}, {"code": "weight_gain"}],
        "readings": [
            glucose("08 10:00", 40.5),
            *({**glucose(f"{day:02} 07:00", 180), "metric": "weight", "id": str(day)} for day in range(1, 8)),
            {**glucose("08 12:00", 184.25), "metric": "weight"},
        ],
        "events": [event("08 10:30", "acknowledge", "glucose_very_low", words="called her")],
    }
    path.write_text(json.dumps(content))
    return path


def test_command_prints_episodes_as_json(facts_file, capsys):
    call_command("episodes", facts=str(facts_file), as_of="2026-03-08T13:00:00Z")

    printed = json.loads(capsys.readouterr().out)
    assert printed == {
        "episodes": [
            {
                "rule": "glucose_very_low",
                "severity": "critical",
                "state": "open",
                "first": "2026-03-08T10:00:00Z",
                "opened_at": "2026-03-08T10:00:00Z",
                "detected_at": "2026-03-08T10:01:00Z",
                "last": "2026-03-08T10:00:00Z",
                "peak": [40.5, None],
                "count": 1,
                "value": [40.5, None],
                "n": 1,
                "days": 1,
                "closed_at": None,
                "closed_by": None,
                "acknowledged": True,
                "late": False,
                "section": "critical",
                "notified": True,
                "told_again": False,
                "steps": [
                    {
                        "at": "2026-03-08T10:30:00Z",
                        "by": "nadia",
                        "kind": "acknowledge",
                        "rule": "glucose_very_low",
                        "words": "called her",
                    }
                ],
            },
            {
                "rule": "weight_gain",
                "severity": "warning",
                "state": "open",
                "first": "2026-03-08T12:00:00Z",
                "opened_at": "2026-03-08T12:00:00Z",
                "detected_at": "2026-03-08T12:01:00Z",
                "last": "2026-03-08T12:00:00Z",
                "peak": [184.25, None],
                "count": 1,
                "value": 4.25,
                "n": 1,
                "days": 1,
                "closed_at": None,
                "closed_by": None,
                "acknowledged": False,
                "late": False,
                "section": "warning",
                "notified": True,
                "told_again": False,
                "steps": [],
            },
        ],
        "patient_section": "critical",
        "check_this_reading": [],
        "check_at_once": [],
    }


@pytest.mark.parametrize(
    ("as_of", "error"),
    [("yesterday", "--as-of: must be an instant in UTC"), ("2026-03-08T13:00:00", "--as-of: must be an instant")],
)
def test_command_refuses_an_instant_without_zone(facts_file, as_of, error):
    with pytest.raises(CommandError, match=error):
        call_command("episodes", facts=str(facts_file), as_of=as_of)


def test_command_names_a_file_that_is_not_there(tmp_path):
    with pytest.raises(CommandError, match="can't be read: No such file"):
        call_command("episodes", facts=str(tmp_path / "none.json"), as_of="2026-03-08T13:00:00Z")


def test_command_names_what_is_wrong_in_the_file(tmp_path):
    path = tmp_path / "facts.json"
    path.write_text('{"reading": []}')

    with pytest.raises(CommandError, match="unknown key 'reading'"):
        call_command("episodes", facts=str(path), as_of="2026-03-08T13:00:00Z")


@pytest.mark.parametrize("words", [["--facts", "{}"], ["--facts={}"]])
def test_command_runs_in_an_empty_environment(words):
    """Who checks a file from outside has configured nothing."""
    words = [word.format(EXAMPLE) for word in words]
    command = [sys.executable, "manage.py", "episodes", *words, "--as-of", "2026-03-03T15:00:00Z"]
    empty = {"PATH": os.environ["PATH"]}
    done = subprocess.run(command, cwd=ROOT, env=empty, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["episodes"][0]["rule"] == "bp_severe"
