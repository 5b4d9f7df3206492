"""One house for all fault tests, mended after each: they run in one process of pytest, one after the other."""

import pytest

from config.launcher import paths
from config.launcher.processes import Leash
from config.launcher.stack import standing
from config.launcher.stop_signals import Ear
from tests import environment
from tests.faults.arena import Arena, planned
from tests.faults.ledger import Ledger
from tests.houses import OPENED


def pytest_itemcollected(item):
    if "arena" in getattr(item, "fixturenames", ()):
        item.add_marker(pytest.mark.xdist_group("faults"))


@pytest.fixture(scope="session")
def standing_arena():
    state = paths.private(environment.run_folder("faults"))
    try:
        with Leash() as leash, standing(planned(state), leash=leash, ear=Ear()) as house:
            house.manage("shell", "-v", "0", "-c", OPENED)
            arena = Arena(house)
            yield arena
            arena.close()
    finally:
        paths.remove(state)


@pytest.fixture
def arena(standing_arena):
    standing_arena.forget_requests()
    before = standing_arena.deadlocks()
    yield standing_arena
    standing_arena.mend()
    assert standing_arena.deadlocks() <= before, "two of our transactions waited for each other"


@pytest.fixture
def people(arena):
    return arena.seed("people", count=5)


@pytest.fixture
def ledger(arena, people):
    return Ledger(arena, people)
