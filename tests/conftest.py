"""Servers of this run: one PostgreSQL and one Valkey, started by the run's first process and shared by its workers."""

import contextlib
import gc
import os

import pytest
from hypothesis import HealthCheck, settings

from config.launcher import paths
from config.launcher.paths import ROOT
from config.launcher.postgres import postgres
from config.launcher.processes import Leash
from config.launcher.valkey import valkey
from tests import environment

pytest_plugins = [
    "tests.databases",
    "tests.people",
    "tests.world",
    "tests.remarks",
    "tests.tallies",
    "tests.browsers",
    "tests.houses",
    "tests.faults.table",
]

# How long an example takes says how busy the machine is.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

SERVERS = pytest.StashKey[contextlib.ExitStack]()
RARELY = (50_000, 20, 50)


def pytest_configure(config):
    gc.disable()  # until there is something that could be thrown away
    if hasattr(config, "workerinput") or config.option.collectonly or config.option.help:
        return
    forget_dead_runs()
    config.stash[SERVERS] = start_servers()


def pytest_unconfigure(config):
    if servers := config.stash.get(SERVERS, None):
        servers.close()
        paths.remove(environment.state())


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """xdist 3.8 writes a test's group into `_nodeid`, which pytest 9.2 reads no more: without this, each process of the
    run would start a house and an arena of its own. `tests/test_groups.py` fails when it is in vain.
    """
    for item in items:
        if grouped := vars(item).get("_nodeid"):
            item._id = type(item.id).parse(grouped)


def pytest_collection_finish():
    """What stands now, thousands of tests and all of Django, lives to the end: no use in looking through it for rubbish
    every few hundred objects.
    """
    gc.freeze()
    gc.set_threshold(*RARELY)
    gc.enable()


def start_servers():
    """Crashing isn't this cluster's business, so it doesn't wait for the disk; the journeys' servers do."""
    state = paths.private(environment.state())
    with contextlib.ExitStack() as starting:
        leash = starting.enter_context(Leash())
        if environment.own_database():
            starting.enter_context(postgres(state, leash=leash, durable=False))
        if environment.own_broker():
            starting.enter_context(valkey(state, leash=leash))
        return starting.pop_all()


def forget_dead_runs():
    for left in (ROOT / ".test").glob("run-*"):
        if not alive(int(left.name.split("-")[1])):
            paths.remove(left)


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
