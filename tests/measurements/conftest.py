import pytest
import time_machine

from tests.database_clock import freeze_database_now
from tests.factories import DeviceFactory
from tests.measurements.page_setup import NOW


@pytest.fixture
def cuff(rosa):
    return DeviceFactory(patient=rosa)


@pytest.fixture
def clock_at_noon(monkeypatch):
    freeze_database_now(NOW, monkeypatch)
    with time_machine.travel(NOW, tick=False):
        yield
