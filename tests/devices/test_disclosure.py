import json

import pytest

from devices.inbox import redaction
from tests.factories import DeliveryFactory, DeviceFactory

pytestmark = pytest.mark.django_db


def test_characters_that_no_page_may_hold_are_shown_as_unreadable(rosa, ada):
    cuff = DeviceFactory(patient=rosa)
    body = json.dumps({"hwi_device_id": str(cuff.hwi_id), "status": "?"}).replace("?", "Ship\x00ped\x1b")

    shown = redaction.body_for(DeliveryFactory(body=body.encode()), user=ada)

    assert shown == body.replace("\x00", "\ufffd").replace("\x1b", "\ufffd")
