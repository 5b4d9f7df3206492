"""Skips the slow suites of launcher and simulator when nothing that they test has changed since they last passed here.

A pytest plugin. They start real processes and take minutes, and the product does not import them. They always run when
CI=true or REQUIRE_BROWSER is set, and when a run names its tests. `.test/passed_suites.json` has the digests.
"""

import hashlib
import json
import os

import pytest

from tests.source_code import ROOT

PASSED_FILE = ROOT / ".test" / "passed_suites.json"
UNCHANGED_VARIABLE = "VITALS_UNCHANGED_SUITES"  # set by the run's first process, read by its workers
# Folder of tests, and what they test.
SUITES = {
    "tests/config/launcher": (
        *("config", "fulfillment/management", "tests/config/launcher"),
        *("Makefile", "requirements.txt", "requirements-dev.txt"),
    ),
    "tests/devices/simulator": ("devices/simulator", "tests/devices/simulator", "requirements.txt"),
}


def folder_digest(names):
    """SHA-256 over paths and contents of files and folders."""
    digest = hashlib.sha256()
    for name in names:
        path = ROOT / name
        files = sorted(each for each in path.rglob("*") if each.is_file()) if path.is_dir() else [path]
        for file in files:
            if "__pycache__" not in file.parts:
                digest.update(f"{file.relative_to(ROOT)}\0".encode() + file.read_bytes())
    return digest.hexdigest()


def passed_digests():
    return json.loads(PASSED_FILE.read_text()) if PASSED_FILE.exists() else {}


def must_run_everything(config):
    named = config.args_source != pytest.Config.ArgsSource.TESTPATHS
    return named or os.environ.get("CI") == "true" or bool(os.environ.get("REQUIRE_BROWSER"))


def is_first_process(config):
    return not hasattr(config, "workerinput")


def pytest_configure(config):
    if is_first_process(config):
        passed = {} if must_run_everything(config) else passed_digests()
        unchanged = [suite for suite, names in SUITES.items() if passed.get(suite) == folder_digest(names)]
        os.environ[UNCHANGED_VARIABLE] = " ".join(unchanged)


def pytest_collection_modifyitems(config, items):
    unchanged = tuple(f"{suite}/" for suite in os.environ.get(UNCHANGED_VARIABLE, "").split())
    left_out = [item for item in items if unchanged and item.nodeid.startswith(unchanged)]
    if left_out:
        items[:] = [item for item in items if not item.nodeid.startswith(unchanged)]
        config.hook.pytest_deselected(items=left_out)


def pytest_terminal_summary(terminalreporter, exitstatus, config):
    """Records the digest of each suite that ran whole and passed; names those that were left out."""
    for suite in os.environ.get(UNCHANGED_VARIABLE, "").split():
        terminalreporter.line(f"{suite}: unchanged since it passed, not run; CI=true or its path runs it")
    whole_run = config.args_source == pytest.Config.ArgsSource.TESTPATHS and not config.option.keyword
    if exitstatus == 0 and whole_run and not config.option.collectonly:
        PASSED_FILE.parent.mkdir(exist_ok=True)
        PASSED_FILE.write_text(json.dumps({suite: folder_digest(names) for suite, names in SUITES.items()}))
