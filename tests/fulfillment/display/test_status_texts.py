"""A stage has one name wherever it is shown: on orders, devices, patients and in the administration."""

import pytest

from devices.statuses import DeviceState
from devices.templatetags.status_badges import status_tone
from fulfillment.display import status_texts
from fulfillment.models import LineStatus


@pytest.mark.parametrize("state", [state for state in DeviceState if state in LineStatus.values])
def test_status_text_of_order_line_equals_device_state_label(state):
    assert LineStatus(state).label == state.label


@pytest.mark.parametrize("status", [status for status in LineStatus if status not in ("queued", "sending")])
def test_status_tone_is_the_same_on_orders_and_devices(status):
    assert status_texts.status_text_for(status).tone == status_tone(status)


def test_status_tone_of_delivered_is_info_not_success():
    assert status_tone("delivered") == "info"
