"""Labels and tones of a status are the same on orders, devices, patients and in the administration."""

import pytest

from devices.models.delivery import DeliveryState
from devices.models.sync import SyncRowState
from devices.models.vendor_call import CallState
from devices.statuses import DeviceState
from devices.templatetags.status_badges import status_tone
from fulfillment.display import status_texts
from fulfillment.models import LineStatus

STATES = [state for states in (DeviceState, CallState, DeliveryState, SyncRowState, LineStatus) for state in states]


@pytest.mark.parametrize("state", [state for state in DeviceState if state in LineStatus.values])
def test_line_status_label_equals_device_state_label(state):
    assert LineStatus(state).label == state.label


@pytest.mark.parametrize("state", STATES)
def test_status_tone_filter_returns_the_tone_of_the_enum(state):
    assert status_tone(state.value) == state.tone


@pytest.mark.parametrize("status", list(LineStatus))
def test_status_text_has_the_tone_of_the_line_status(status):
    text = status_texts.status_text_for(status)

    assert text.tone == status.tone
    assert text.meaning


def test_line_status_severity_order_names_every_status_once():
    assert sorted(LineStatus.worst_first()) == sorted(LineStatus)


def test_status_tone_of_delivered_is_info_not_success():
    assert status_tone(DeviceState.DELIVERED) == "info"


def test_status_tone_of_unknown_text_is_warn():
    assert status_tone("held at customs") == "warn"
