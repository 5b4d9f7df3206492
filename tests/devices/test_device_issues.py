"""What a device or a gateway needs a hand for."""

import pytest

from devices import device_issues
from tests.devices.views.page_requests import DAY, NOW

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, 0),
        ({"last_seen_at": NOW - 3 * DAY}, 1),
        ({"last_seen_at": None, "state": "shipped"}, 0),
        ({"battery_percent": 20}, 1),
        ({"battery_percent": 21}, 0),
    ],
)
def test_device_issues_are_found_from_silence_and_low_battery(cuff, facts, expected):
    for name, value in facts.items():
        setattr(cuff, name, value)

    assert len(device_issues.issues_for_device(cuff, now=NOW)) == expected


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ({}, 0),
        ({"signal_strength": 10}, 1),
        ({"signal_strength": 11}, 0),
        ({"last_checkin_at": NOW - 3 * DAY}, 1),
        ({"last_checkin_at": None}, 0),
        ({"provisioned": False}, 1),
        ({"whitelist": [{"sensor_code": "10", "whitelist_status": "RE"}]}, 1),
    ],
)
def test_gateway_issues_are_found_from_signal_check_in_and_whitelist(cuff, facts, expected):
    for name, value in facts.items():
        setattr(cuff.gateway, name, value)

    assert len(device_issues.issues_for_gateway(cuff.gateway, now=NOW)) == expected
