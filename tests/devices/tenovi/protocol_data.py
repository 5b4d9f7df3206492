"""Shared data of the protocol tests."""

import datetime as dt

KEY = "key-people"
GATEWAY = "A1B2C3D4E5F6"  # known to the simulator and linked to no device
ALWAYS = {"start": dt.datetime(2015, 1, 1, tzinfo=dt.UTC), "end": dt.datetime(2100, 1, 1, tzinfo=dt.UTC)}
WINDOW = {"created_from": ALWAYS["start"], "created_before": ALWAYS["end"]}
HOOK = {"endpoint": "https://rpm.example/hooks/", "event": "MEASUREMENT", "header": "X-Hook", "secret": "Token abc"}


def add_readings(sim, device, *values, **more):
    """The device takes readings that the vendor then has."""
    reading = {"hwi_device_id": str(device.id), "metric": "weight", "webhook": False, **more}
    sim.add_readings([{**reading, "value_1": value} for value in values])


def swap_gateway(client, sim, device):
    """In the vendor's web app, and shipped."""
    address = {"shipping_name": "Rosa Quill", "shipping_address": "9 Elm Ct Apt 2", "shipping_city": "Dover"}
    body = {"hwi_device_id": str(device.id), "device_types": [{"name": "Gateway"}], **address}
    client.send_once("POST", "hwi-replacements/", json=body)
    for _ in range(10):
        sim.advance(60)
