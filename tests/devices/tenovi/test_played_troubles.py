"""Troubles as the simulator plays them."""

import httpx2
import pytest

from devices.tenovi import Misconfigured, NotSent, Unclear
from tests.devices.tenovi.protocol import WINDOW, weigh


def test_a_wrong_key_and_a_wrong_domain_are_wrong_configurations(sim, client, gate):
    sim.vendor.keys.clear()
    with pytest.raises(Misconfigured):
        client.list_devices()

    assert len(gate.bad) == 1


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
def test_scripted_faults_of_an_order_are_one_of_four_errors(client, sim, order, kind, options, error):
    sim.faults.add(kind, **options)

    with pytest.raises(error):
        client.order_device(**order)
    assert len(sim.requests) == 1


def test_a_hostile_next_neither_leads_away_nor_loses_rows(client, sim, monitor):
    weigh(sim, monitor, *range(1500))
    sim.faults.add("foreign_next", match={"path_contains": "measurements"})

    assert sum(len(page.items) for page in client.patient_measurements("pt-7f3c", **WINDOW)) == 1500


def test_without_its_slash_the_vendor_redirects_and_we_do_not_follow(sim, build):
    client = build(transport=httpx2.WSGITransport(app=sim))

    with pytest.raises(Misconfigured):
        client._read("hwi-devices")
    assert len(sim.requests) == 1
