"""The vendor's measurement items, as its webhooks send them."""

import json

from devices.inbox import processing
from devices.models import Delivery
from measurements.ingest import pipeline

SECRET = "Bearer webhook-secret-of-the-tests"


def measurement_item(device, **changes):
    fields = {
        "metric": "blood_pressure",
        "device_name": "Tenovi BPM - L",
        "hwi_device_id": str(getattr(device, "hwi_id", device)),
        "patient_id": device.patient.external_id if hasattr(device, "patient") else "pt-unknown",
        "hardware_uuid": "A1B2C3D4E5F6",
        "sensor_code": "10",
        "value_1": "131.00",
        "value_2": "84.00",
        "created": "2026-09-20T12:30:00.000000Z",
        "timestamp": "2026-09-20T12:30:00.000000Z",
        "timezone_offset": -4,
        "estimated_timestamp": False,
        "filter_params": {"measurement_index": 41},
    } | changes
    return {name: value for name, value in fields.items() if value is not ...}


def receive_delivery(body):
    """As the receiver does."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return processing.receive_delivery(kind=Delivery.Kind.MEASUREMENT, body=raw)


def receive_and_ingest(body):
    """Receive and process a delivery. Returns it."""
    receive_delivery(body)
    pipeline.ingest_waiting_deliveries()
    return Delivery.objects.filter(parent=None).latest("pk")
