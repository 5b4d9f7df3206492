"""The whole product as processes on embedded servers, with compressed times in simulator and product."""

import contextlib
import os
from urllib.parse import urlsplit

import httpx2
import psycopg
import pytest
from django.db import connection

from config.launcher import demo_secrets, paths
from config.launcher.postgres import Postgres
from config.launcher.processes import OrphanReaper
from config.launcher.stack import StackConfig, find_free_port, running_stack
from config.launcher.stop_signals import StopSignalListener
from tests import environment
from tests.timeouts import WAIT_TIMEOUT_SECONDS

STAGE_SECONDS = "1"  # from ordered to connected in some five seconds
GAP_SECONDS = 0.1  # the vendor's limit of one request a second, ten times as fast on both sides
COMPRESSED = {
    "TENOVI_CALL_GAP_SECONDS": str(GAP_SECONDS + 0.05),  # a slot may be used up to 30 ms late
    "ORDER_SETTLE_SECONDS": "2",
    "TRACKING_WINDOW_SECONDS": "0.5",
    "UNKNOWN_DEVICE_LOOKUP_SECONDS": "1",
}
# As an operator does it once, by two commands, here in one process.
VENDOR_SETUP_SCRIPT = """
from django.core.management import call_command
call_command("sync", "catalogue")
call_command("register_webhooks")
"""
FLAGS = ("--stage-seconds", STAGE_SECONDS, "--gap-seconds", str(GAP_SECONDS))
# Session fixture: xdist group of the tests that need it.
SHARED_STACKS = {"stack": "stack", "running_fault_stack": "faults"}


def pytest_itemcollected(item):
    """One stack for all tests that need it: they run in one worker, one after the other."""
    for name, group in SHARED_STACKS.items():
        if name in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group(group))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item, nextitem):
    """Ends a worker's stack after the last test of its group: idle processes would take a tenth of a core each until
    the end of the run.
    """
    yield
    if "PYTEST_XDIST_WORKER" in os.environ:  # only there the tests of a group are neighbors
        for name in SHARED_STACKS:
            end_fixture_after_last_test(name, item, nextitem)


def end_fixture_after_last_test(name, item, nextitem):
    if name in item.fixturenames and name not in getattr(nextitem, "fixturenames", ()):
        item._fixtureinfo.name2fixturedefs[name][-1].finish(item._request)


@pytest.fixture(scope="session")
def stack(django_db_setup):
    state = paths.create_private_folder(environment.run_folder("stack"))
    try:
        with running_test_stack(stack_plan(state)) as running:
            yield running
    finally:
        paths.remove_state(state)


@contextlib.contextmanager
def running_test_stack(plan):
    with OrphanReaper() as reaper:
        if environment.uses_own_database():
            copy_migrated_schema(plan.state, reaper)
        with running_stack(plan, reaper=reaper, stop_listener=StopSignalListener()) as running:
            yield running


def copy_migrated_schema(state, reaper):
    """Fills the stack's own server from this worker's database, in a tenth of the time that migrating takes."""
    with Postgres(state, reaper=reaper) as server:
        source = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
        dump = server.run_tool("pg_dump", "--no-owner", "--inserts", "-d", source)
        statements = "\n".join(line for line in dump.splitlines() if not line.startswith("\\"))  # psql's own commands
        with psycopg.connect(server.url) as session:
            session.execute(statements.encode())


@pytest.fixture
def simulator_control(stack):
    """The simulator's control API: `simulator_control.post("faults", json=...)`."""
    headers = {"X-Control": stack.env["SIMULATOR_CONTROL"]}
    with httpx2.Client(
        base_url=f"{stack.simulator_url}/_control/", headers=headers, timeout=WAIT_TIMEOUT_SECONDS
    ) as client:
        yield client


def stack_plan(state):
    port = find_free_port()
    env = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    env |= (
        demo_secrets.generate_secrets()
        | COMPRESSED
        | {
            "INSECURE_HTTP": "1",
            "MFA_REQUIRED": "0",
            "STATIC_COMPRESS": "0",
            "SITE_URL": f"http://127.0.0.1:{port}",
            "ALLOWED_HOSTS": "127.0.0.1",
            "TENOVI_CLIENT_DOMAIN": "vitals-stack",
            "TRACKING_HOSTS": "carrier.example",
            # Files of killed processes remain there and are deleted with the stack.
            "TMPDIR": str(paths.create_private_folder(paths.socket_folder(state) / "tmp")),
            "EMAIL_URL": f"filemail:///{paths.create_private_folder(state / 'mail')}",
        }
    )
    return StackConfig(state=state, env=env, port=port, simulator_flags=FLAGS)
