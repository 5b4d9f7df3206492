"""The demo's account: forty people's devices and their last 90 days, made once relative to now."""

from datetime import datetime, timedelta

from devices.simulator.api import activation, devices, gateways, patients
from devices.simulator.api.catalogue import is_cellular
from devices.simulator.demo import history, scripted_events
from devices.simulator.demo.personas import described
from devices.simulator.runtime.clock import iso, parse
from devices.simulator.runtime.messages import Json
from devices.simulator.runtime.state import World

DAYS = 90
NEW_STARTS_DAYS = 13
# What the vendor lists although nobody here ordered it: somebody's old device, and one of the web app.
STRANGERS = (
    ("legacy-1042", "Tenovi BPM - L", "K. Vance"),
    ("pt-0b1e55ed-0000-5000-8000-00000000a11e", "Tenovi Scale", None),
)


def fill(world: World) -> None:
    now = world.clock.now()
    for row in described():
        _settle(world, row, now)
    for external_id, name, person_name in STRANGERS:
        patient = {"external_id": external_id, "name": person_name, "sms_opt_in": False}
        document = _connected(world, patients.apply(world, patient), name, None, now, DAYS)
        history.write(world, document, now - timedelta(days=21), now)
    scripted_events.bulk_order(world, now)


def _settle(world: World, row: Json, now: datetime) -> None:
    """One person: their account, their devices on one gateway, their past, their story's odd events."""
    key = patients.apply(world, _patient(row))
    days = NEW_STARTS_DAYS if row["story"] == "new_start" else DAYS
    gateway = None if all(is_cellular(name) for name in row["devices"]) else _gateway(world, now, days)
    if row["story"] in scripted_events.SHIPPING_ONLY:
        scripted_events.SHIPPING_ONLY[row["story"]](world, row, key, now)
        return
    for name in row["devices"]:
        document = _connected(world, key, name, gateway, now, days)
        document["time_zone"] = row["time_zone"]
        document["device"]["fulfillment_request"].update(scripted_events.ship_to(row))
        history.write(world, document, now - timedelta(days=days), now)
    if touch := scripted_events.TOUCHES.get(row["story"]):
        touch(world, row, key, now)


def _patient(row: Json) -> Json:
    """What a careful client sends: shipping needs, and no birth date, MRN or condition."""
    return {
        "external_id": row["external_id"],
        "name": f"{row['given_name']} {row['family_name']}",
        "phone_number": row["phone"],
        "physician": row["provider"],
        "clinic_name": row["clinic"],
        "sms_opt_in": row["sms_consent"],
    }


def _gateway(world: World, now: datetime, days: int) -> str:
    gateway = gateways.make(world, gateways.new_uuid(world))
    gateway["shipped_on"] = gateway["assigned_on"] = iso(now - timedelta(days=days + 6))
    return str(world.store.put("gateway", gateway["gateway_uuid"], gateway)["gateway_uuid"])


def _connected(world: World, key: str | None, name: str, gateway: str | None, now: datetime, days: int) -> Json:
    """A device that came by dropship before the story began and has measured since."""
    uuid = gateway or gateways.ship_new(world, cellular=is_cellular(name))["gateway_uuid"]
    document = activation.new_document(world, {"name": name, "hardware_uuid": uuid, "fulfillment_request": {}})
    document.update(patient=key, story="seeded")
    ordered = now - timedelta(days=days + 9)
    document["device"]["created"] = iso(ordered)
    document["device"]["fulfillment_request"].update(
        created=iso(ordered),
        shipped_on=iso(ordered + timedelta(days=2)),
        delivered_on=iso(ordered + timedelta(days=6)),
        fulfilled=True,
        shipping_tracking_link=f"https://carrier.example/track/9400{world.random.randrange(10**8):08d}",
    )
    devices.set_status(document, "Connected")
    return devices.save(world, document)


def catch_up(world: World) -> None:
    """After a restart: what the seeded devices would have sent meanwhile. Hooks are not told; that was yesterday."""
    now = world.clock.now()
    for document in world.store.all("device"):
        if document["status"] == "Connected" and document["last_measurement"]:
            history.write(world, document, parse(document["last_measurement"]), now)
