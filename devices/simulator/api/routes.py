"""URL routes of the simulated API: path and method to endpoint, below `/clients/<domain>/hwi/`."""

import re
from collections.abc import Callable

from devices.simulator.api import (
    activation,
    catalogue,
    devices,
    gateways,
    measurements,
    patients,
    properties,
    replacements,
    special_orders,
    webhook_admin,
)
from devices.simulator.runtime.messages import Response

Endpoint = Callable[..., Response]
MethodEndpoints = dict[str, Endpoint]
PATH_SEGMENT = "([^/]+)"
ROUTES: list[tuple[str, MethodEndpoints]] = [
    ("hwi-devices/", {"GET": devices.list_devices, "POST": activation.create_device}),
    (
        f"hwi-devices/{PATH_SEGMENT}/",
        {
            "GET": devices.get_device,
            "PUT": devices.put_device,
            "PATCH": devices.patch_device,
            "DELETE": devices.delete_device,
        },
    ),
    (f"unlink-gateway/{PATH_SEGMENT}/", {"GET": devices.unlink_device}),
    (f"hwi-devices/{PATH_SEGMENT}/measurements/", {"GET": measurements.list_device_measurements}),
    (f"patients/{PATH_SEGMENT}/measurements/", {"GET": measurements.list_patient_measurements}),
    ("hwi-device-types/", {"GET": catalogue.list_device_types}),
    (f"hwi-device-types/{PATH_SEGMENT}/", {"GET": catalogue.get_device_type}),
    ("hwi-patients/", {"GET": patients.list_patients, "POST": patients.create_patient}),
    (
        f"hwi-patients/{PATH_SEGMENT}/",
        {
            "GET": patients.get_patient,
            "PUT": patients.update_patient,
            "PATCH": patients.update_patient,
            "DELETE": patients.delete_patient,
        },
    ),
    ("hwi-gateways/", {"GET": gateways.list_gateways}),
    (f"hwi-gateways/{PATH_SEGMENT}/", {"GET": gateways.get_gateway}),
    (f"gateway-info/{PATH_SEGMENT}/", {"GET": gateways.get_gateway_info}),
    ("webhooks/", {"GET": webhook_admin.list_webhooks, "POST": webhook_admin.create_webhook}),
    (
        f"webhooks/{PATH_SEGMENT}/",
        {
            "GET": webhook_admin.get_webhook,
            "PUT": webhook_admin.update_webhook,
            "PATCH": webhook_admin.update_webhook,
            "DELETE": webhook_admin.delete_webhook,
        },
    ),
    (
        f"hwi-devices/{PATH_SEGMENT}/properties/",
        {"GET": properties.list_properties, "POST": properties.create_property},
    ),
    (
        f"hwi-devices/{PATH_SEGMENT}/properties/{PATH_SEGMENT}/",
        {
            "GET": properties.get_property,
            "PUT": properties.update_property,
            "PATCH": properties.update_property,
            "DELETE": properties.delete_property,
        },
    ),
    ("hwi-replacements/", {"GET": replacements.list_replacements, "POST": replacements.create_replacement}),
    (f"hwi-replacements/{PATH_SEGMENT}/", {"DELETE": replacements.delete_replacement}),
    ("hwi-bulk-orders/", {"GET": special_orders.list_bulk_orders}),
    (f"hwi-bulk-orders/{PATH_SEGMENT}/", {"GET": special_orders.get_bulk_order}),
    ("hardware-uuid-logs/", {"GET": replacements.list_hardware_logs}),
    ("test-webhooks/", {"POST": webhook_admin.send_test_webhooks}),
    ("resend-webhooks/", {"POST": webhook_admin.resend_webhooks}),
]
COMPILED_ROUTES = [(re.compile(pattern), methods) for pattern, methods in ROUTES]


def resolve_route(path: str) -> tuple[MethodEndpoints, tuple[str, ...]] | None:
    """The endpoints of a path by method, and its arguments; None for an unknown path."""
    below = re.fullmatch(r"/clients/[^/]+/hwi/(.*)", path, re.DOTALL)
    for pattern, methods in COMPILED_ROUTES if below else []:
        if match := pattern.fullmatch(below.group(1) if below else ""):
            return methods, match.groups()
    return None
