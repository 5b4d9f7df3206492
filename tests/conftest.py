"""Servers of this run: one PostgreSQL and one Valkey, started by the run's first process and shared by its workers."""

import contextlib
import os

import pytest
from django.db import connection

from config.launcher import folders
from config.launcher.folders import ROOT
from config.launcher.postgres import postgres
from config.launcher.processes import Leash
from config.launcher.valkey import valkey
from tests import environment

pytest_plugins = [
    "tests.people",
    "tests.remarks",
    "tests.tallies",
    "tests.browsers",
    "tests.houses",
    "tests.faults.table",
]

OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""
SERVERS = pytest.StashKey[contextlib.ExitStack]()


def pytest_configure(config):
    if hasattr(config, "workerinput") or config.option.collectonly or config.option.help:
        return
    forget_dead_runs()
    config.stash[SERVERS] = start_servers()


def pytest_unconfigure(config):
    if servers := config.stash.get(SERVERS, None):
        servers.close()
        folders.remove(environment.state())


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """xdist 3.8 writes a test's group into `_nodeid`, which pytest 9.2 reads no more: without this, each process of the
    run would start a house and an arena of its own. `tests/test_groups.py` fails when it is in vain.
    """
    for item in items:
        if grouped := vars(item).get("_nodeid"):
            item._id = type(item.id).parse(grouped)


def start_servers():
    """Crashing isn't this cluster's business, so it doesn't wait for the disk; the journeys' servers do."""
    state = folders.private(environment.state())
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
            folders.remove(left)


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """The receiver's counting thread lives as long as its process, and PostgreSQL drops no database that is in use."""
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(OTHERS)
