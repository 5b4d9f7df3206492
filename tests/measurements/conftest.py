import pytest
import time_machine

from tests.factories import DeviceFactory
from tests.measurements.page_setup import NOW


@pytest.fixture
def cuff(rosa):
    return DeviceFactory(patient=rosa)


@pytest.fixture
def clock_at_noon():
    with time_machine.travel(NOW, tick=False):
        yield
