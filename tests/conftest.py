"""Servers of this run: one PostgreSQL and one Valkey, started by the run's first process and shared by its workers."""

import contextlib
import gc
import os

import pytest
from hypothesis import HealthCheck, settings

from config.launcher import paths
from config.launcher.paths import ROOT
from config.launcher.postgres import Postgres
from config.launcher.processes import OrphanReaper
from config.launcher.valkey import Valkey
from tests import environment

pytest_plugins = [
    "tests.databases",
    "tests.users",
    "tests.sample_clinics",
    "tests.report_notes",
    "tests.webhook_counts",
    "tests.browsers",
    "tests.stacks",
    "tests.faults.results_table",
    "tests.unchanged_suites",
]

# The duration of an example depends on the machine's load.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

SERVERS_KEY = pytest.StashKey[contextlib.ExitStack]()
GC_THRESHOLDS = (50_000, 20, 50)


def pytest_configure(config):
    gc.disable()  # until collection has finished
    if hasattr(config, "workerinput") or config.option.collectonly or config.option.help:
        return
    remove_stale_run_folders()
    config.stash[SERVERS_KEY] = start_servers()


def pytest_unconfigure(config):
    if servers := config.stash.get(SERVERS_KEY, None):
        servers.close()
        paths.remove_state(environment.run_state_folder())


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """xdist 3.8 writes a test's group into `_nodeid`, which pytest 9.2 no longer reads: without this, each process of
    the run would start stacks of its own. `tests/test_xdist_groups.py` fails when this has no effect.
    """
    for item in items:
        if grouped := vars(item).get("_nodeid"):
            item._id = type(item.id).parse(grouped)


def pytest_collection_finish():
    """Everything that exists now (thousands of tests, all of Django) lives until the end, so the garbage collector
    need not scan it every few hundred objects.
    """
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    gc.enable()


def start_servers():
    """PostgreSQL without durable commits, for speed; the journeys' servers have them."""
    state = paths.create_private_folder(environment.run_state_folder())
    with contextlib.ExitStack() as starting:
        reaper = starting.enter_context(OrphanReaper())
        if environment.uses_own_database():
            starting.enter_context(Postgres(state, reaper=reaper, durable=False))
        if environment.uses_own_broker():
            starting.enter_context(Valkey(state, reaper=reaper))
        return starting.pop_all()


def remove_stale_run_folders():
    for left in (ROOT / ".test").glob("run-*"):
        if not process_exists(int(left.name.split("-")[1])):
            paths.remove_state(left)


def process_exists(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
