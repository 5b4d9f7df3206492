"""Device types of the account (names, sensor codes, metrics), as `/hwi-device-types/` lists them."""

from typing import NamedTuple
from uuid import NAMESPACE_URL, uuid5

from devices.simulator.api.pagination import list_response
from devices.simulator.runtime.messages import NOT_FOUND_BODY, ApiError, Json, Request, Response
from devices.simulator.runtime.state import SimulatorState

METRIC_FIELDS = (
    "primary_units",
    "primary_display_name",
    "secondary_units",
    "secondary_display_name",
    "unified_display_name",
    "type",
)
METRICS = {
    "blood_pressure": ("mmHg", "Systolic BP", "mmHg", "Diastolic BP", "Blood Pressure", "PH"),
    "pulse": ("bpm", "Pulse", "", "", "Pulse", "PH"),
    "irregular_heartbeat": ("", "Irregular Heartbeat", "", "", "Irregular Heartbeat", "PH"),
    "weight": ("lbs", "Weight", "", "", "Weight", "PH"),
    "glucose": ("mg/dL", "Glucose", "", "", "Glucose", "PH"),
    "spO2": ("%", "SpO2", "", "", "SpO2", "PH"),
    "perfusion_index": ("%", "Perfusion Index", "", "", "Perfusion Index", "PH"),
    "temperature": ("F", "Temperature", "", "", "Temperature", "PH"),
    "peak_expiratory_flow": ("L/min", "Peak Flow", "", "", "Peak Flow", "PH"),
    "forced_expiratory_volume": ("L", "FEV1", "", "", "FEV1", "PH"),
    "steps": ("steps", "Steps", "", "", "Steps", None),
    "sleep": ("h", "Sleep", "", "", "Sleep", None),
    "heart_rate_statistics": ("bpm", "Mean Pulse", "bpm", "Max Pulse", "Heart Rate", None),
    "pillbox_opened": ("day", "Day", "half", "AM/PM", "Pillbox Opened", "AD"),
    "pillbox_refilled": ("day", "Day", "half", "AM/PM", "Pillbox Refilled", "AD"),
    "patchcap_open_close_event": ("", "Open/Close", "", "", "Cap Opened", "AD"),
    "battery_percentage": ("%", "Battery", "", "", "Battery", "ST"),
}
BLOOD_PRESSURE_METRICS = ("blood_pressure", "pulse", "irregular_heartbeat", "battery_percentage")
PULSE_OXIMETER_METRICS = ("spO2", "pulse", "battery_percentage")


class DeviceType(NamedTuple):
    sensor_code: str  # "" where no gateway is involved
    metrics: tuple[str, ...]
    up_front_cost: str
    monthly_cost: str
    flags: tuple[str, ...] = ()  # deprecated, out of stock, sensor id, cellular, virtual


DEVICE_TYPES = {
    "Tenovi BPM": DeviceType("10", BLOOD_PRESSURE_METRICS, "42.00", "6.00", ("deprecated",)),
    "Tenovi BPM - S": DeviceType("10", BLOOD_PRESSURE_METRICS, "45.00", "6.00"),
    "Tenovi BPM - L": DeviceType("10", BLOOD_PRESSURE_METRICS, "45.00", "6.00"),
    "Tenovi BPM - XL": DeviceType("10", BLOOD_PRESSURE_METRICS, "49.00", "6.00", ("out of stock",)),
    "Tenovi Pulse Ox": DeviceType("11", PULSE_OXIMETER_METRICS, "35.00", "6.00"),
    "Nonin Pulse Ox": DeviceType("24", ("spO2", "pulse", "perfusion_index"), "189.00", "6.00"),
    "Tenovi Glucometer": DeviceType("12", ("glucose",), "25.00", "6.00"),
    "Tenovi Scale": DeviceType("13", ("weight", "battery_percentage"), "45.00", "6.00"),
    "Tenovi Thermometer": DeviceType("14", ("temperature",), "29.00", "6.00"),
    "Tenovi Watch": DeviceType("15", ("steps", "sleep", "heart_rate_statistics"), "79.00", "8.00"),
    "Tenovi Peak Flow Meter": DeviceType("17", ("peak_expiratory_flow", "forced_expiratory_volume"), "55.00", "6.00"),
    "Tenovi Pillbox": DeviceType("21", ("pillbox_opened", "pillbox_refilled"), "59.00", "8.00"),
    "PatchRx PatchCap": DeviceType("27", ("patchcap_open_close_event",), "19.00", "4.00", ("sensor id",)),
    "Tenovi Cellular BPM": DeviceType("", BLOOD_PRESSURE_METRICS, "59.00", "9.00", ("cellular",)),
    "Tenovi Cellular Scale": DeviceType("", ("weight",), "65.00", "9.00", ("cellular",)),
    "Tenovi Cellular Pulse Ox": DeviceType("", PULSE_OXIMETER_METRICS, "49.00", "9.00", ("cellular",)),
    "Tenovi Virtual Care Visit": DeviceType("", (), "0.00", "0.00", ("virtual",)),
}
GATEWAY_TYPE_NAME = "Gateway"  # a name only in replacements and bulk contents


def device_type_id(name: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"https://api2.tenovi.com/device-types/{name}"))


def device_type_json(name: str) -> Json:
    kind = DEVICE_TYPES[name]
    return {
        "id": device_type_id(name),
        "name": name,
        "client_sku": None,
        "stock_type": "VI" if "virtual" in kind.flags else "ST",
        "metrics": [{"name": each, **dict(zip(METRIC_FIELDS, METRICS[each], strict=True))} for each in kind.metrics],
        "sensor_code": kind.sensor_code,
        "image": None,
        "up_front_cost": kind.up_front_cost,
        "shipping_cost": "12.50",
        "monthly_cost": kind.monthly_cost,
        "sensor_id_required": "sensor id" in kind.flags,
        "in_stock": "out of stock" not in kind.flags,
        "virtual": "virtual" in kind.flags,
        "deprecated": "deprecated" in kind.flags,
    }


def is_cellular(name: str) -> bool:
    """Has a SIM of its own: identified by a 15-digit IMEI instead of a gateway."""
    return "cellular" in DEVICE_TYPES[name].flags


def list_device_types(state: SimulatorState, request: Request) -> Response:
    return list_response(request, list(DEVICE_TYPES), search_texts=lambda name: (name,), serialize=device_type_json)


def get_device_type(state: SimulatorState, request: Request, key: str) -> Response:
    for name in DEVICE_TYPES:
        if device_type_id(name) == key:
            return Response(data=device_type_json(name))
    raise ApiError(404, NOT_FOUND_BODY)
