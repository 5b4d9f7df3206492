"""URL routes of the simulated API: path and method to endpoint, below `/clients/<domain>/hwi/`."""

import re
from collections.abc import Callable

from devices.simulator.api import (
    activation,
    address_corrections,
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
ROUTES: list[tuple[str, str, Endpoint]] = [  # `*` is one segment of the path, passed as an argument
    ("GET", "hwi-devices/", devices.list_devices),
    ("POST", "hwi-devices/", activation.create_device),
    ("GET", "hwi-devices/*/", devices.get_device),
    ("PUT", "hwi-devices/*/", devices.put_device),
    ("PATCH", "hwi-devices/*/", devices.patch_device),
    ("DELETE", "hwi-devices/*/", devices.delete_device),
    ("GET", "unlink-gateway/*/", devices.unlink_device),
    ("GET", "hwi-devices/*/measurements/", measurements.list_device_measurements),
    ("GET", "patients/*/measurements/", measurements.list_patient_measurements),
    ("GET", "hwi-device-types/", catalogue.list_device_types),
    ("GET", "hwi-device-types/*/", catalogue.get_device_type),
    ("GET", "hwi-patients/", patients.list_patients),
    ("POST", "hwi-patients/", patients.create_patient),
    ("GET", "hwi-patients/*/", patients.get_patient),
    ("PUT", "hwi-patients/*/", address_corrections.update_patient),
    ("PATCH", "hwi-patients/*/", address_corrections.update_patient),
    ("DELETE", "hwi-patients/*/", patients.delete_patient),
    ("GET", "hwi-gateways/", gateways.list_gateways),
    ("GET", "hwi-gateways/*/", gateways.get_gateway),
    ("GET", "gateway-info/*/", gateways.get_gateway_info),
    ("GET", "webhooks/", webhook_admin.list_webhooks),
    ("POST", "webhooks/", webhook_admin.create_webhook),
    ("GET", "webhooks/*/", webhook_admin.get_webhook),
    ("PUT", "webhooks/*/", webhook_admin.update_webhook),
    ("PATCH", "webhooks/*/", webhook_admin.update_webhook),
    ("DELETE", "webhooks/*/", webhook_admin.delete_webhook),
    ("GET", "hwi-devices/*/properties/", properties.list_properties),
    ("POST", "hwi-devices/*/properties/", properties.create_property),
    ("GET", "hwi-devices/*/properties/*/", properties.get_property),
    ("PUT", "hwi-devices/*/properties/*/", properties.update_property),
    ("PATCH", "hwi-devices/*/properties/*/", properties.update_property),
    ("DELETE", "hwi-devices/*/properties/*/", properties.delete_property),
    ("GET", "hwi-replacements/", replacements.list_replacements),
    ("POST", "hwi-replacements/", replacements.create_replacement),
    ("DELETE", "hwi-replacements/*/", replacements.delete_replacement),
    ("GET", "hwi-bulk-orders/", special_orders.list_bulk_orders),
    ("GET", "hwi-bulk-orders/*/", special_orders.get_bulk_order),
    ("GET", "hardware-uuid-logs/", replacements.list_hardware_logs),
    ("POST", "test-webhooks/", webhook_admin.send_test_webhooks),
    ("POST", "resend-webhooks/", webhook_admin.resend_webhooks),
]
ENDPOINTS: dict[re.Pattern[str], MethodEndpoints] = {}
for method, path, endpoint in ROUTES:
    pattern = re.compile("/clients/[^/]+/hwi/" + path.replace("*", "([^/]+)"))
    ENDPOINTS.setdefault(pattern, {})[method] = endpoint


def resolve_route(path: str) -> tuple[MethodEndpoints, tuple[str, ...]] | None:
    """The endpoints of a path by method, and its arguments; None for an unknown path."""
    for pattern, methods in ENDPOINTS.items():
        if match := pattern.fullmatch(path):
            return methods, match.groups()
    return None
