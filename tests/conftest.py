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
]

# How long an example takes says how busy the machine is.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

SERVERS_KEY = pytest.StashKey[contextlib.ExitStack]()
GC_THRESHOLDS = (50_000, 20, 50)


def pytest_configure(config):
    gc.disable()  # until there is something that could be thrown away
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
    """xdist 3.8 writes a test's group into `_nodeid`, which pytest 9.2 reads no more: without this, each process of the
    run would start a house and an arena of its own. `tests/test_xdist_groups.py` fails when it is in vain.
    """
    for item in items:
        if grouped := vars(item).get("_nodeid"):
            item._id = type(item.id).parse(grouped)


def pytest_collection_finish():
    """What stands now, thousands of tests and all of Django, lives to the end: no use in looking through it for rubbish
    every few hundred objects.
    """
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    gc.enable()


def start_servers():
    """Crashing isn't this cluster's business, so it doesn't wait for the disk; the journeys' servers do."""
    state = paths.create_private_folder(environment.run_state_folder())
    with contextlib.ExitStack() as starting:
        leash = starting.enter_context(OrphanReaper())
        if environment.uses_own_database():
            starting.enter_context(Postgres(state, reaper=leash, durable=False))
        if environment.uses_own_broker():
            starting.enter_context(Valkey(state, reaper=leash))
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
