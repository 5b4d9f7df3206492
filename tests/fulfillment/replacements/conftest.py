import uuid

import pytest
from django.utils import timezone

from devices.models import Device
from devices.outbox import requests, sending
from fulfillment.replacements import refresh, replacements
from fulfillment.replacements.models import Replacement
from tests.simulated_vendor import SHIPPING_ADDRESS, client, cuff, no_retry_delays, scale, sim

__all__ = ["client", "cuff", "no_retry_delays", "scale", "sim"]
STAGE_SECONDS = 20


@pytest.fixture
def gateway_devices(rosa, cuff, scale, cora, client):
    """A cuff and a scale on one gateway, activated at the vendor."""
    for device_type in (cuff, scale):
        requests.request_activation(patient=rosa, device_type=device_type, hardware_uuid="A1B2C3D4E5F6", by=cora)
    sending.send_due_calls(client)
    return list(Device.objects.select_related("gateway").order_by("name"))


@pytest.fixture
def replace(gateway_devices, cora):
    """`replace(gateway=True)`: requested for the first device."""

    def requested(*, gateway=False, device=True, of=None, **changes):
        asked = {
            "device": of or gateway_devices[0], "replace_device": device, "replace_gateway": gateway,
            "ship_to": SHIPPING_ADDRESS, "reason": Replacement.Reason.BROKEN, "reason_words": "",
            "by": cora, "submission_id": uuid.uuid4(),
        }  # fmt: skip
        return replacements.request_replacement(**(asked | changes))

    return requested


@pytest.fixture
def follow(client, sim):
    """Calls are sent, the vendor advances by `stages`, and its list is read."""

    def followed(*, stages=0):
        sending.send_due_calls(client)
        refresh.update_from_calls()
        sim.advance(STAGE_SECONDS * stages)
        Replacement.objects.open().filter(vendor_id__isnull=False).update(refresh_due_at=timezone.now())
        refresh.fetch_due_replacements(client)
        return Replacement.objects.latest("requested_at")

    return followed


@pytest.fixture
def vendor_replacements(sim):
    return lambda: sim.state.store.all("replacement")
