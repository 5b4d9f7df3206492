import json

import pytest

from devices.inbox import redaction
from tests.factories import DeliveryFactory, DeviceFactory

pytestmark = pytest.mark.django_db


def test_body_for_replaces_control_characters_in_the_displayed_body(rosa, ada):
    cuff = DeviceFactory(patient=rosa)
    body = json.dumps({"hwi_device_id": str(cuff.hwi_id), "status": "?"}).replace("?", "Ship\x00ped\x1b")

    shown = redaction.redacted_body_for(DeliveryFactory(body=body.encode()), user=ada)

    assert shown == body.replace("\x00", "\ufffd").replace("\x1b", "\ufffd")
