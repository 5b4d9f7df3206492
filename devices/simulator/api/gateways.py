"""Gateways and SIMs: which hardware exists, which is tied to the account, how it fares.

Free ones, known but tied to nobody, for trying an activation on site (the control endpoint lists them too):
A1B2C3D4E5F6, B2C3D4E5F6A1, C3D4E5F6A1B2, D4E5F6A1B2C3, E5F6A1B2C3D4, F6A1B2C3D4E5 and the IMEIs
356000000000018, 356000000000026, 356000000000034. Any other id answers 201 with `Unknown Gateway ID`.
"""

import re

from devices.simulator.api.pagination import listed, matches
from devices.simulator.runtime.messages import NOT_FOUND, Answer, Json, Refusal, Request
from devices.simulator.runtime.state import World

FREE_GATEWAYS = ("A1B2C3D4E5F6", "B2C3D4E5F6A1", "C3D4E5F6A1B2", "D4E5F6A1B2C3", "E5F6A1B2C3D4", "F6A1B2C3D4E5")
FREE_IMEIS = ("356000000000018", "356000000000026", "356000000000034")
LISTED = ("gateway_uuid", "last_signal_strength", "last_measurement", "shipped_on", "assigned_on")
ORDERINGS = ("assigned_on", "shipped_on", "last_measurement")


def normalised(hardware_uuid: str | None) -> str | None:
    """Uppercase without hyphens, as the vendor's answers show it; "" becomes null."""
    return (hardware_uuid or "").replace("-", "").strip().upper() or None


def is_imei(hardware_uuid: str) -> bool:
    return re.fullmatch(r"[0-9]{15}", hardware_uuid) is not None


def make(world: World, gateway_uuid: str) -> Json:
    """Hardware that exists; `assigned_on` null means that no account knows it yet."""
    document = {
        "gateway_uuid": gateway_uuid,
        "firmware_version": "2.1",
        "bootloader_version": "1.4",
        "provisioned": True,
        "last_signal_strength": world.random.choice((9, 14, 17, 22, 26, 31)),
        "last_checkin_time": None,
        "last_measurement": None,
        "assigned_on": None,
        "shipped_on": None,
        "whitelisted_devices": [],
        "properties": [],
    }
    return world.store.put("gateway", gateway_uuid, document)


def make_free(world: World) -> None:
    for gateway_uuid in (*FREE_GATEWAYS, *FREE_IMEIS):
        make(world, gateway_uuid)


def find(world: World, gateway_uuid: str | None) -> Json | None:
    return world.store.get("gateway", gateway_uuid) if gateway_uuid else None


def free(world: World) -> list[str]:
    """Hardware that no device is linked to, so that an activation with it succeeds."""
    linked = {each["device"]["hardware_uuid"] for each in world.store.all("device")}
    return [each["gateway_uuid"] for each in world.store.all("gateway") if each["gateway_uuid"] not in linked]


def new_uuid(world: World) -> str:
    return f"{world.random.getrandbits(48):012X}"


def new_imei(world: World) -> str:
    """15 digits whose last is the Luhn check digit, as on a real label."""
    digits = f"3560{world.random.randrange(10**10):010d}"
    doubled = [int(d) * (2 if n % 2 else 1) for n, d in enumerate(digits)]
    total = sum(d - 9 if d > 9 else d for d in doubled)
    return f"{digits}{-total % 10}"


def ship_new(world: World, *, cellular: bool) -> Json:
    gateway = make(world, new_imei(world) if cellular else new_uuid(world))
    gateway["shipped_on"] = gateway["assigned_on"] = world.clock.stamp()
    return world.store.put("gateway", gateway["gateway_uuid"], gateway)


def assign(world: World, gateway_uuid: str) -> None:
    gateway = find(world, gateway_uuid)
    if gateway and not gateway["assigned_on"]:
        gateway["assigned_on"] = world.clock.stamp()
        world.store.put("gateway", gateway_uuid, gateway)


def heard(world: World, gateway_uuid: str | None, sensor_code: str, at: str) -> None:
    """A reading came through at `at`: check-in, signal, and the sensor confirmed on the whitelist."""
    gateway = find(world, gateway_uuid)
    if not gateway:
        return
    gateway["last_checkin_time"] = gateway["last_measurement"] = at
    gateway["last_signal_strength"] = max(3, min(34, gateway["last_signal_strength"] + world.random.choice((-1, 0, 1))))
    if sensor_code and all(each["sensor_code"] != sensor_code for each in gateway["whitelisted_devices"]):
        mac = new_uuid(world)
        row = {"sensor_code": sensor_code, "mac_address": mac, "whitelist_status": "CO", "created": at, "modified": at}
        gateway["whitelisted_devices"].append(row)
    world.store.put("gateway", gateway["gateway_uuid"], gateway)


# Endpoints: both know only hardware that is already tied to the account


def list_gateways(world: World, request: Request) -> Answer:
    rows = [each for each in world.store.all("gateway") if each["assigned_on"]]
    for name in ("last_measurement", "shipped_on"):
        wanted = request.query.get(f"{name}__isnull", "").lower()
        if wanted in ("true", "false"):
            rows = [each for each in rows if (each[name] is None) == (wanted == "true")]
    rows = [each for each in rows if matches(request.query.get("search", ""), each["gateway_uuid"])]
    ordering = request.query.get("ordering", "-assigned_on")
    name = ordering.removeprefix("-") if ordering.removeprefix("-") in ORDERINGS else "assigned_on"
    rows.sort(key=lambda each: each[name] or "", reverse=ordering.startswith("-"))
    brief = [{field: each[field] for field in LISTED} for each in rows]
    return Answer(data=listed(request, brief, always_paged=True))


def get_gateway(world: World, request: Request, gateway_uuid: str) -> Answer:
    return Answer(data={field: _found(world, gateway_uuid)[field] for field in LISTED})


def get_gateway_info(world: World, request: Request, gateway_uuid: str) -> Answer:
    gateway = _found(world, gateway_uuid)
    return Answer(data={name: value for name, value in gateway.items() if name != "last_measurement"})


def _found(world: World, gateway_uuid: str) -> Json:
    gateway = find(world, gateway_uuid.upper())  # case-insensitive, but hyphens are not understood in the URL
    if not gateway or not gateway["assigned_on"]:
        raise Refusal(404, NOT_FOUND)
    return gateway
