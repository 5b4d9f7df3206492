"""A stage has one name wherever it is shown: on orders, devices, patients and in the administration."""

import pytest

from devices.statuses import DeviceState
from devices.templatetags.status_badges import tone
from fulfillment.display import status_texts
from fulfillment.models import LineStatus


@pytest.mark.parametrize("state", [state for state in DeviceState if state in LineStatus.values])
def test_an_order_names_a_stage_as_the_devices_page_does(state):
    assert LineStatus(state).label == state.label


@pytest.mark.parametrize("status", [status for status in LineStatus if status not in ("intent", "sending")])
def test_a_stage_has_one_colour_everywhere(status):
    assert status_texts.words_for(status).tone == tone(status)


def test_what_has_arrived_and_not_measured_yet_is_no_success():
    assert tone("delivered") == "info"
