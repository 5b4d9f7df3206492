"""Command `billing` on a facts file: its answer, its refusals, and that nothing has to be configured."""

import json
import os
import subprocess
import sys

import pytest
from django.core.management import CommandError, call_command

from config.launcher.paths import ROOT
from tests.measurements.billing.cases import ON_FILE, days, readings, session

EXAMPLE = ROOT / "docs" / "billing" / "99454.json"


@pytest.fixture
def facts_file(tmp_path):
    path = tmp_path / "facts.json"
    content = {
        **ON_FILE,
        "readings": readings(*days("2026-01-20", 16), *days("2026-02-19", 3)),
        "sessions": [session("2026-03-03 15:00", 23.5)],
    }
    path.write_text(json.dumps(content))
    return str(path)


def test_command_prints_lines_as_json(facts_file, capsys):
    """Jan 20 + 29 = Feb 18; Feb 19 + 29 = Mar 20. On Mar 10 (unmeasured) Mar 10-20 are 11 days, with 3 too few."""
    call_command("billing", facts=facts_file, as_of="2026-03-10T20:00:00Z")

    printed = json.loads(capsys.readouterr().out)
    assert printed == {
        "setups": [
            {
                "programme": "RPM",
                "monitoring_period": "2026-01-01",
                "code": "99453",
                "units": 1,
                "status": "suggested",
                "because": [],
                "rules_of": 2026,
            }
        ],
        "periods": [
            {
                "programme": "RPM",
                "first": "2026-01-20",
                "last": "2026-02-18",
                "days": days("2026-01-20", 16),
                "code": "99454",
                "units": 1,
                "status": "suggested",
                "because": [],
                "date_of_service": "2026-02-18",
                "rules_of": 2026,
                "forecast": {
                    "measured": 16,
                    "left": 0,
                    "needs": 0,
                    "can_be_reached": True,
                    "out_of_reach_since": None,
                },
            },
            {
                "programme": "RPM",
                "first": "2026-02-19",
                "last": "2026-03-20",
                "days": days("2026-02-19", 3),
                "code": "99445",
                "units": 1,
                "status": "open",
                "because": [],
                "date_of_service": "2026-03-20",
                "rules_of": 2026,
                "forecast": {
                    "measured": 3,
                    "left": 11,
                    "needs": 13,
                    "can_be_reached": False,
                    "out_of_reach_since": "2026-03-09",
                },
            },
        ],
        "months": [
            {
                "month": "2026-03",
                "minutes": {"RPM": 23},
                "seconds_lost": 0,
                "lines": [{"code": "99457", "units": 1, "status": "open", "because": []}],
                "to_next_code": {"code": "99458", "minutes": 17},
            }
        ],
        "requested": [],
        "differences": [],
    }


@pytest.mark.parametrize(
    ("month", "setups", "windows", "months"),
    [
        ("2026-01", 0, [], ["2026-01"]),
        ("2026-02", 1, ["2026-01-20"], ["2026-02"]),  # the date of service is Feb 18
        ("2026-03", 0, ["2026-02-19"], ["2026-03"]),
    ],
)
def test_month_shows_what_belongs_to_it_by_date_of_service(facts_file, capsys, month, setups, windows, months):
    call_command("billing", facts=facts_file, as_of="2026-03-10T20:00:00Z", month=month)

    printed = json.loads(capsys.readouterr().out)
    assert len(printed["setups"]) == setups
    assert [one["first"] for one in printed["periods"]] == windows
    assert [one["month"] for one in printed["months"]] == months


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"as_of": "yesterday"}, "--as-of: must be an instant in UTC"),
        ({"as_of": "2026-03-08T13:00:00"}, "--as-of: must be an instant"),
        ({"as_of": "2026-03-08T13:00:00Z", "month": "March"}, "--month: must be a month such as 2026-11"),
        ({"as_of": "2026-03-08T13:00:00Z", "month": "2026-13"}, "--month: must be a month"),
    ],
)
def test_command_refuses_an_instant_or_month_that_is_none(facts_file, options, error):
    with pytest.raises(CommandError, match=error):
        call_command("billing", facts=facts_file, **options)


def test_command_names_a_file_that_is_not_there(tmp_path):
    with pytest.raises(CommandError, match="can't be read: No such file"):
        call_command("billing", facts=str(tmp_path / "none.json"), as_of="2026-03-08T13:00:00Z")


def test_command_names_what_is_wrong_in_the_file(tmp_path):
    path = tmp_path / "facts.json"
    path.write_text('{"reading": []}')

    with pytest.raises(CommandError, match="unknown key 'reading'"):
        call_command("billing", facts=str(path), as_of="2026-03-08T13:00:00Z")


def test_command_runs_in_an_empty_environment():
    """Who checks a file from outside has configured nothing."""
    command = [sys.executable, "manage.py", "billing", "--facts", str(EXAMPLE), "--as-of", "2026-03-03T15:00:00Z"]
    empty = {"PATH": os.environ["PATH"]}
    done = subprocess.run(command, cwd=ROOT, env=empty, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["periods"][0]["code"] == "99454"
