"""The client with the simulator's scripted faults."""

import httpx2
import pytest

from devices.tenovi import Misconfigured, NotSent, Unclear
from tests.devices.tenovi.protocol_data import WINDOW, add_readings


def test_client_with_a_wrong_key_raises_misconfigured(sim, client, rate_limiter):
    sim.vendor.keys.clear()
    with pytest.raises(Misconfigured):
        client.list_devices()

    assert len(rate_limiter.refusals) == 1


@pytest.mark.parametrize(
    ("kind", "options", "error"),
    [
        ("status", {"status": 500}, Unclear),
        ("status", {"status": 503}, Unclear),
        ("status", {"status": 429}, NotSent),
        ("reset_before", {}, Unclear),
        ("reset_after", {}, Unclear),
        ("truncate", {}, Unclear),
        ("html", {}, Unclear),
        ("garbage", {}, Unclear),
        ("big", {}, Unclear),
        ("redirect", {}, Misconfigured),
    ],
)
def test_order_device_fault_raises_one_of_four_errors_and_is_sent_once(client, sim, order, kind, options, error):
    sim.faults.add(kind, **options)

    with pytest.raises(error):
        client.order_device(**order)
    assert len(sim.requests) == 1


def test_pagination_with_a_foreign_next_link_stays_on_our_host_and_loses_no_rows(client, sim, monitor):
    add_readings(sim, monitor, *range(1500))
    sim.faults.add("foreign_next", match={"path_contains": "measurements"})

    assert sum(len(page.items) for page in client.patient_measurements("pt-7f3c", **WINDOW)) == 1500


def test_client_does_not_follow_the_redirect_of_a_missing_slash(sim, build_client):
    client = build_client(transport=httpx2.WSGITransport(app=sim))

    with pytest.raises(Misconfigured):
        client.get_json("hwi-devices")
    assert len(sim.requests) == 1
