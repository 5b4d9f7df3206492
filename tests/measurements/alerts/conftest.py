"""Noon of one day, a cuff, and an open critical episode, for tests of stored episodes."""

import pytest

from tests.factories import DeviceFactory
from tests.measurements.alerts.stored import HOUR, NOON, ingest_pressure, only_episode


@pytest.fixture
def clock(time_machine):
    time_machine.move_to(NOON, tick=False)
    return time_machine


@pytest.fixture
def cuff(clock, rosa):
    return DeviceFactory(patient=rosa)


@pytest.fixture
def severe(clock, cuff, rosa):
    """An open critical episode, a quarter of an hour after noon."""
    ingest_pressure(cuff, 192, 110)
    clock.move_to(NOON + HOUR / 4)
    ingest_pressure(cuff, 194, 111, index=2)
    return only_episode(rosa)
