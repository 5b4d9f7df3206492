"""The whole product as real processes on servers of its own, with the simulator's clock and ours compressed alike."""

import os

import httpx2
import pytest

from config.launcher import demo_secrets, paths
from config.launcher.processes import Leash
from config.launcher.stack import Plan, free_port, standing
from config.launcher.stop_signals import Ear
from tests import environment
from tests.patience import PATIENCE_SECONDS

STAGE_SECONDS = "1"  # from ordered to connected in some five seconds
GAP_SECONDS = 0.1  # the vendor's limit of one request a second, ten times as fast on both sides
COMPRESSED = {
    "TENOVI_CALL_GAP_SECONDS": str(GAP_SECONDS + 0.05),  # a slot may be used up to 30 ms late
    "ORDER_SETTLE_SECONDS": "2",
    "TRACKING_WINDOW_SECONDS": "0.5",
    "UNKNOWN_DEVICE_LOOKUP_SECONDS": "1",
}
# As an operator does it once, by two commands, here in one process.
OPENED = """
from django.core.management import call_command
call_command("sync", "catalogue")
call_command("register_webhooks")
"""
FLAGS = ("--stage-seconds", STAGE_SECONDS, "--gap-seconds", str(GAP_SECONDS))


def pytest_itemcollected(item):
    """One house for all who need it: they run in one worker, one after the other."""
    if "house" in getattr(item, "fixturenames", ()):
        item.add_marker(pytest.mark.xdist_group("house"))


@pytest.fixture(scope="session")
def house():
    state = paths.private(environment.run_folder("house"))
    try:
        with Leash() as leash, standing(planned(state), leash=leash, ear=Ear()) as house:
            yield house
    finally:
        paths.remove(state)


@pytest.fixture
def vendor(house):
    """The simulator's control endpoint: `vendor.post("faults", json=...)`."""
    headers = {"X-Control": house.env["SIMULATOR_CONTROL"]}
    with httpx2.Client(base_url=f"{house.vendor_url}/_control/", headers=headers, timeout=PATIENCE_SECONDS) as client:
        yield client


def planned(state):
    port = free_port()
    env = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    env |= (
        demo_secrets.fresh()
        | COMPRESSED
        | {
            "INSECURE_HTTP": "1",
            "MFA_REQUIRED": "0",
            "STATIC_COMPRESS": "0",
            "SITE_URL": f"http://127.0.0.1:{port}",
            "ALLOWED_HOSTS": "127.0.0.1",
            "TENOVI_CLIENT_DOMAIN": "vitals-house",
            "TRACKING_HOSTS": "carrier.example",
            # Killed processes leave behind what they had there; it goes with the house.
            "TMPDIR": str(paths.private(paths.sockets(state) / "tmp")),
            "EMAIL_URL": f"filemail:///{paths.private(state / 'mail')}",
        }
    )
    return Plan(state=state, env=env, port=port, vendor=FLAGS)
