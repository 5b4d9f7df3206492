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
    return os.environ.get("CI") == "true" or bool(os.environ.get("REQUIRE_BROWSER")) or not is_whole_run(config)


def is_whole_run(config):
    """Neither paths nor words nor markers pick tests: `make test` without arguments."""
    unpicked = config.args_source == pytest.Config.ArgsSource.TESTPATHS and not config.option.keyword
    return unpicked and config.option.markexpr in config.getini("addopts")


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
    """Names the suites that were left out; records the digests of those that ran and passed."""
    unchanged = os.environ.get(UNCHANGED_VARIABLE, "").split()
    for suite in unchanged:
        terminalreporter.line(f"{suite}: unchanged since it passed, not run; CI=true or its path runs it")
    if exitstatus == 0 and is_whole_run(config) and not config.option.collectonly:
        passed = [report.nodeid for report in terminalreporter.getreports("passed")]
        ran = {suite for suite in SUITES if any(node.startswith(f"{suite}/") for node in passed)}
        digests = {suite: folder_digest(SUITES[suite]) for suite in ran | set(unchanged)}
        PASSED_FILE.parent.mkdir(exist_ok=True)
        PASSED_FILE.write_text(json.dumps(passed_digests() | digests))
