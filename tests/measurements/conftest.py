import pytest

from tests.factories import DeviceFactory


@pytest.fixture
def cuff(rosa):
    return DeviceFactory(patient=rosa)
