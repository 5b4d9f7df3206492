import pytest

from tests.devices.views.page_requests import NOW
from tests.factories import DeviceFactory, GatewayFactory


@pytest.fixture
def cuff(rosa):
    gateway = GatewayFactory(
        hardware_uuid="A1B2C3D4E5F6", signal_strength=17, last_checkin_at=NOW, status_fetched_at=NOW
    )
    return DeviceFactory(patient=rosa, gateway=gateway, name="Tenovi BPM - L", sensor_code="10", last_seen_at=NOW)
