"""unchanged_suites: a digest follows every change of a folder, and picked tests always run."""

from types import SimpleNamespace

import pytest

from tests import unchanged_suites
from tests.source_code import ROOT

TESTPATHS = pytest.Config.ArgsSource.TESTPATHS


def run_config(*, source=TESTPATHS, keyword="", markexpr="not faults and not bench"):
    options = SimpleNamespace(keyword=keyword, markexpr=markexpr)
    ini = ["-m", "not faults and not bench"]
    return SimpleNamespace(args_source=source, option=options, getini=lambda _name: ini)


def test_folder_digest_changes_with_content_and_names(tmp_path, monkeypatch):
    monkeypatch.setattr(unchanged_suites, "ROOT", tmp_path)
    digests = set()
    for name, text in [("a.py", "1"), ("a.py", "2"), ("b.py", "2")]:
        (tmp_path / "folder").mkdir(exist_ok=True)
        (tmp_path / "folder" / name).write_text(text)
        digests.add(unchanged_suites.folder_digest(["folder"]))

    assert len(digests) == 3


def test_unchanged_suites_are_left_out_of_whole_runs_only(monkeypatch):
    for name in ("CI", "REQUIRE_BROWSER"):
        monkeypatch.delenv(name, raising=False)

    assert not unchanged_suites.must_run_everything(run_config())
    assert unchanged_suites.must_run_everything(run_config(source=pytest.Config.ArgsSource.ARGS))
    assert unchanged_suites.must_run_everything(run_config(keyword="launcher"))
    assert unchanged_suites.must_run_everything(run_config(markexpr="faults"))


@pytest.mark.parametrize("name", ["CI", "REQUIRE_BROWSER"])
def test_unchanged_suites_always_run_in_ci(monkeypatch, name):
    monkeypatch.setenv(name, "true")

    assert unchanged_suites.must_run_everything(run_config())


def test_unchanged_suites_name_existing_folders():
    assert [name for names in unchanged_suites.SUITES.values() for name in names if not (ROOT / name).exists()] == []
