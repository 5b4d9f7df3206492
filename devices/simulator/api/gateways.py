"""Gateways and SIMs: which hardware exists, which is linked to the account, signal and check-in times.

Free hardware, known but linked to no device, for trying an activation on site (the control API lists it too):
A1B2C3D4E5F6, B2C3D4E5F6A1, C3D4E5F6A1B2, D4E5F6A1B2C3, E5F6A1B2C3D4, F6A1B2C3D4E5 and the IMEIs
356000000000018, 356000000000026, 356000000000034. Any other id answers 201 with `Unknown Gateway ID`.
"""

import re

from devices.simulator.api.pagination import list_response
from devices.simulator.runtime.messages import NOT_FOUND_BODY, ApiError, Json, Request, Response
from devices.simulator.runtime.state import SimulatorState

FREE_GATEWAYS = ("A1B2C3D4E5F6", "B2C3D4E5F6A1", "C3D4E5F6A1B2", "D4E5F6A1B2C3", "E5F6A1B2C3D4", "F6A1B2C3D4E5")
FREE_IMEIS = ("356000000000018", "356000000000026", "356000000000034")
LISTED_FIELDS = ("gateway_uuid", "last_signal_strength", "last_measurement", "shipped_on", "assigned_on")
ORDERING_FIELDS = ("assigned_on", "shipped_on", "last_measurement")


def normalise_hardware_id(hardware_uuid: str | None) -> str | None:
    """Uppercase without hyphens, as the vendor's answers show it; "" becomes null."""
    return (hardware_uuid or "").replace("-", "").strip().upper() or None


def is_imei(hardware_uuid: str) -> bool:
    return re.fullmatch(r"[0-9]{15}", hardware_uuid) is not None


def create_gateway(state: SimulatorState, gateway_uuid: str) -> Json:
    """Hardware that exists; `assigned_on` null means that it belongs to no account yet."""
    document = {
        "gateway_uuid": gateway_uuid,
        "firmware_version": "2.1",
        "bootloader_version": "1.4",
        "provisioned": True,
        "last_signal_strength": state.random.choice((9, 14, 17, 22, 26, 31)),
        "last_checkin_time": None,
        "last_measurement": None,
        "assigned_on": None,
        "shipped_on": None,
        "whitelisted_devices": [],
        "properties": [],
    }
    return state.store.put("gateway", gateway_uuid, document)


def find_gateway(state: SimulatorState, gateway_uuid: str | None) -> Json | None:
    return state.store.get("gateway", gateway_uuid) if gateway_uuid else None


def new_gateway_uuid(state: SimulatorState) -> str:
    return f"{state.random.getrandbits(48):012X}"


def new_imei(state: SimulatorState) -> str:
    """15 digits whose last is the Luhn check digit, as on a real label."""
    digits = f"3560{state.random.randrange(10**10):010d}"
    doubled = [int(d) * (2 if n % 2 else 1) for n, d in enumerate(digits)]
    total = sum(d - 9 if d > 9 else d for d in doubled)
    return f"{digits}{-total % 10}"


def ship_new_gateway(state: SimulatorState, *, cellular: bool) -> Json:
    gateway = create_gateway(state, new_imei(state) if cellular else new_gateway_uuid(state))
    gateway["shipped_on"] = gateway["assigned_on"] = state.clock.stamp()
    return state.store.put("gateway", gateway["gateway_uuid"], gateway)


def assign_gateway(state: SimulatorState, gateway_uuid: str) -> None:
    gateway = find_gateway(state, gateway_uuid)
    if gateway and not gateway["assigned_on"]:
        gateway["assigned_on"] = state.clock.stamp()
        state.store.put("gateway", gateway_uuid, gateway)


def record_gateway_checkin(state: SimulatorState, gateway_uuid: str | None, sensor_code: str, at: str) -> None:
    """A reading arrived at `at`: check-in, signal, and the sensor confirmed on the whitelist."""
    gateway = find_gateway(state, gateway_uuid)
    if not gateway:
        return
    gateway["last_checkin_time"] = gateway["last_measurement"] = at
    gateway["last_signal_strength"] = max(3, min(34, gateway["last_signal_strength"] + state.random.choice((-1, 0, 1))))
    if sensor_code and all(each["sensor_code"] != sensor_code for each in gateway["whitelisted_devices"]):
        mac = new_gateway_uuid(state)
        row = {"sensor_code": sensor_code, "mac_address": mac, "whitelist_status": "CO", "created": at, "modified": at}
        gateway["whitelisted_devices"].append(row)
    state.store.put("gateway", gateway["gateway_uuid"], gateway)


# Endpoints: they list only hardware that is already linked to the account


def list_gateways(state: SimulatorState, request: Request) -> Response:
    rows = [each for each in state.store.all("gateway") if each["assigned_on"]]
    for name in ("last_measurement", "shipped_on"):
        wanted = request.query.get(f"{name}__isnull", "").lower()
        if wanted in ("true", "false"):
            rows = [each for each in rows if (each[name] is None) == (wanted == "true")]
    ordering = request.query.get("ordering", "-assigned_on")
    name = ordering.removeprefix("-") if ordering.removeprefix("-") in ORDERING_FIELDS else "assigned_on"
    rows.sort(key=lambda each: each[name] or "", reverse=ordering.startswith("-"))
    return list_response(
        request,
        rows,
        search_texts=lambda each: (each["gateway_uuid"],),
        serialize=brief_gateway_json,
        always_paged=True,
    )


def brief_gateway_json(gateway: Json) -> Json:
    return {field: gateway[field] for field in LISTED_FIELDS}


def get_gateway(state: SimulatorState, request: Request, gateway_uuid: str) -> Response:
    return Response(data=brief_gateway_json(get_gateway_or_404(state, gateway_uuid)))


def get_gateway_info(state: SimulatorState, request: Request, gateway_uuid: str) -> Response:
    gateway = get_gateway_or_404(state, gateway_uuid)
    return Response(data={name: value for name, value in gateway.items() if name != "last_measurement"})


def get_gateway_or_404(state: SimulatorState, gateway_uuid: str) -> Json:
    gateway = find_gateway(state, gateway_uuid.upper())  # case-insensitive, but hyphens are not understood in the URL
    if not gateway or not gateway["assigned_on"]:
        raise ApiError(404, NOT_FOUND_BODY)
    return gateway
