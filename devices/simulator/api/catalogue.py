"""The device types of the account (names, sensor codes, metrics), as `/hwi-device-types/` lists them."""

from uuid import NAMESPACE_URL, uuid5

from devices.simulator.api.pagination import matches_search, paginate_if_requested
from devices.simulator.runtime.messages import NOT_FOUND_BODY, ApiError, Json, Request, Response
from devices.simulator.runtime.state import SimulatorState

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
# name: (sensor code, metrics, up-front cost, monthly cost, flags). The code is "" where no gateway is involved.
DEVICE_TYPES: dict[str, tuple[str, tuple[str, ...], str, str, tuple[str, ...]]] = {
    "Tenovi BPM": ("10", BLOOD_PRESSURE_METRICS, "42.00", "6.00", ("deprecated",)),
    "Tenovi BPM - S": ("10", BLOOD_PRESSURE_METRICS, "45.00", "6.00", ()),
    "Tenovi BPM - L": ("10", BLOOD_PRESSURE_METRICS, "45.00", "6.00", ()),
    "Tenovi BPM - XL": ("10", BLOOD_PRESSURE_METRICS, "49.00", "6.00", ("out of stock",)),
    "Tenovi Pulse Ox": ("11", PULSE_OXIMETER_METRICS, "35.00", "6.00", ()),
    "Nonin Pulse Ox": ("24", ("spO2", "pulse", "perfusion_index"), "189.00", "6.00", ()),
    "Tenovi Glucometer": ("12", ("glucose",), "25.00", "6.00", ()),
    "Tenovi Scale": ("13", ("weight", "battery_percentage"), "45.00", "6.00", ()),
    "Tenovi Thermometer": ("14", ("temperature",), "29.00", "6.00", ()),
    "Tenovi Watch": ("15", ("steps", "sleep", "heart_rate_statistics"), "79.00", "8.00", ()),
    "Tenovi Peak Flow Meter": ("17", ("peak_expiratory_flow", "forced_expiratory_volume"), "55.00", "6.00", ()),
    "Tenovi Pillbox": ("21", ("pillbox_opened", "pillbox_refilled"), "59.00", "8.00", ()),
    "PatchRx PatchCap": ("27", ("patchcap_open_close_event",), "19.00", "4.00", ("sensor id",)),
    "Tenovi Cellular BPM": ("", BLOOD_PRESSURE_METRICS, "59.00", "9.00", ("cellular",)),
    "Tenovi Cellular Scale": ("", ("weight",), "65.00", "9.00", ("cellular",)),
    "Tenovi Cellular Pulse Ox": ("", PULSE_OXIMETER_METRICS, "49.00", "9.00", ("cellular",)),
    "Tenovi Virtual Care Visit": ("", (), "0.00", "0.00", ("virtual",)),
}
GATEWAY_TYPE_NAME = "Gateway"  # a name only in replacements and bulk contents


def device_type_id(name: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"https://api2.tenovi.com/device-types/{name}"))


def metric_json(name: str) -> Json:
    units, first, other_units, second, unified, kind = METRICS[name]
    return {
        "name": name,
        "primary_units": units,
        "primary_display_name": first,
        "secondary_units": other_units,
        "secondary_display_name": second,
        "unified_display_name": unified,
        "type": kind,
    }


def device_type_json(name: str) -> Json:
    code, metrics, up_front, monthly, flags = DEVICE_TYPES[name]
    return {
        "id": device_type_id(name),
        "name": name,
        "client_sku": None,
        "stock_type": "VI" if "virtual" in flags else "ST",
        "metrics": [metric_json(each) for each in metrics],
        "sensor_code": code,
        "image": None,
        "up_front_cost": up_front,
        "shipping_cost": "12.50",
        "monthly_cost": monthly,
        "sensor_id_required": "sensor id" in flags,
        "in_stock": "out of stock" not in flags,
        "virtual": "virtual" in flags,
        "deprecated": "deprecated" in flags,
    }


def is_cellular(name: str) -> bool:
    """Has a SIM of its own: known by a 15-digit IMEI instead of a gateway."""
    return "cellular" in DEVICE_TYPES[name][4]


def list_device_types(state: SimulatorState, request: Request) -> Response:
    rows = [device_type_json(name) for name in DEVICE_TYPES if matches_search(request.query.get("search", ""), name)]
    return Response(data=paginate_if_requested(request, rows))


def get_device_type(state: SimulatorState, request: Request, key: str) -> Response:
    row = next((device_type_json(name) for name in DEVICE_TYPES if device_type_id(name) == key), None)
    if not row:
        raise ApiError(404, NOT_FOUND_BODY)
    return Response(data=row)
