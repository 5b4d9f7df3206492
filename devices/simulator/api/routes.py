"""Which endpoint answers which path and method, below `/clients/<domain>/hwi/`."""

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
from devices.simulator.runtime.messages import Answer

Endpoint = Callable[..., Answer]
Methods = dict[str, Endpoint]
WORD = "([^/]+)"
ROUTES: list[tuple[str, Methods]] = [
    ("hwi-devices/", {"GET": devices.list_devices, "POST": activation.create_device}),
    (
        f"hwi-devices/{WORD}/",
        {
            "GET": devices.get_device,
            "PUT": devices.put_device,
            "PATCH": devices.patch_device,
            "DELETE": devices.delete_device,
        },
    ),
    (f"unlink-gateway/{WORD}/", {"GET": devices.unlink_device}),
    (f"hwi-devices/{WORD}/measurements/", {"GET": measurements.of_device}),
    (f"patients/{WORD}/measurements/", {"GET": measurements.of_patient}),
    ("hwi-device-types/", {"GET": catalogue.list_types}),
    (f"hwi-device-types/{WORD}/", {"GET": catalogue.get_type}),
    ("hwi-patients/", {"GET": patients.list_patients, "POST": patients.create_patient}),
    (
        f"hwi-patients/{WORD}/",
        {
            "GET": patients.get_patient,
            "PUT": patients.change_patient,
            "PATCH": patients.change_patient,
            "DELETE": patients.delete_patient,
        },
    ),
    ("hwi-gateways/", {"GET": gateways.list_gateways}),
    (f"hwi-gateways/{WORD}/", {"GET": gateways.get_gateway}),
    (f"gateway-info/{WORD}/", {"GET": gateways.get_gateway_info}),
    ("webhooks/", {"GET": webhook_admin.list_hooks, "POST": webhook_admin.create_hook}),
    (
        f"webhooks/{WORD}/",
        {
            "GET": webhook_admin.get_hook,
            "PUT": webhook_admin.change_hook,
            "PATCH": webhook_admin.change_hook,
            "DELETE": webhook_admin.delete_hook,
        },
    ),
    (
        f"hwi-devices/{WORD}/properties/",
        {"GET": properties.list_properties, "POST": properties.create_property},
    ),
    (
        f"hwi-devices/{WORD}/properties/{WORD}/",
        {
            "GET": properties.get_property,
            "PUT": properties.change_property,
            "PATCH": properties.change_property,
            "DELETE": properties.delete_property,
        },
    ),
    ("hwi-replacements/", {"GET": replacements.list_replacements, "POST": replacements.create_replacement}),
    (f"hwi-replacements/{WORD}/", {"DELETE": replacements.delete_replacement}),
    ("hwi-bulk-orders/", {"GET": special_orders.list_bulk}),
    (f"hwi-bulk-orders/{WORD}/", {"GET": special_orders.get_bulk}),
    ("hardware-uuid-logs/", {"GET": replacements.list_logs}),
    ("test-webhooks/", {"POST": webhook_admin.send_test}),
    ("resend-webhooks/", {"POST": webhook_admin.resend}),
]
_COMPILED = [(re.compile(pattern), methods) for pattern, methods in ROUTES]


def route(path: str) -> tuple[Methods, tuple[str, ...]] | None:
    """The methods of a path and the words in it; None where nothing is."""
    below = re.fullmatch(r"/clients/[^/]+/hwi/(.*)", path, re.DOTALL)
    for pattern, methods in _COMPILED if below else []:
        if match := pattern.fullmatch(below.group(1) if below else ""):
            return methods, match.groups()
    return None
