"""The single odd events of the demo's stories, laid over the plain history."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

from devices.simulator.api import activation, devices, gateways, measurements, replacements, special_orders
from devices.simulator.api.fulfillment import BAD_ADDRESS
from devices.simulator.runtime.clock import iso, parse
from devices.simulator.runtime.messages import Json
from devices.simulator.runtime.state import World

Touch = Callable[[World, Json, str | None, datetime], None]


def _devices(world: World, key: str | None, word: str = "") -> list[Json]:
    owned = [each for each in world.store.all("device") if each["patient"] == key]
    return [each for each in owned if word in each["device"]["name"]]


def _days(now: datetime, day: float) -> datetime:
    return now + timedelta(days=day)


def late_batch(world: World, row: Json, key: str | None, now: datetime) -> None:
    """Six days of readings that the cuff kept while the gateway was unplugged, uploaded within seconds."""
    document = _devices(world, key, "BPM")[0]
    first, last, uploaded = _days(now, -10), _days(now, -4), _days(now, -3.6)
    kept = [each for each in _between(world, document, first, last) if each["created"] < iso(uploaded)]
    for n, each in enumerate(sorted(kept, key=lambda each: each["timestamp"])):
        world.store.change_measurement(each["id"], created=iso(uploaded + timedelta(milliseconds=340 * n)))


def estimated_times(world: World, row: Json, key: str | None, now: datetime) -> None:
    """The cuff's clock was unset: the vendor spread the readings evenly, and says so."""
    document = _devices(world, key, "BPM")[0]
    first, last, uploaded = _days(now, -16), _days(now, -11), _days(now, -10.7)
    times = sorted({each["timestamp"] for each in _between(world, document, first, last)})
    even = {old: first + (last - first) * n / max(1, len(times)) for n, old in enumerate(times)}
    for each in _between(world, document, first, last):
        at = even[each["timestamp"]].replace(second=0, microsecond=0)
        world.store.change_measurement(each["id"], timestamp=iso(at), created=iso(uploaded), estimated_timestamp=True)


def replaced_gateway(world: World, row: Json, key: str | None, now: datetime) -> None:
    """Swapped 34 days ago: every device has a log line, and older readings carry the old id."""
    swapped = _days(now, -34)
    old = gateways.make(world, gateways.new_uuid(world))
    for document in _devices(world, key):
        for each in _between(world, document, _days(now, -200), swapped):
            world.store.change_measurement(each["id"], hardware_uuid=old["gateway_uuid"])
        replacements.log(world, document, old["gateway_uuid"], document["device"]["hardware_uuid"], iso(swapped))


def conflict(world: World, row: Json, key: str | None, now: datetime) -> None:
    """One moment, one index, two values."""
    document = _devices(world, key, "BPM")[0]
    pressures = list(_between(world, document, _days(now, -9), _days(now, -2)))
    one = next(each for each in pressures if each["metric"] == "blood_pressure")
    other = {**one, "value_1": f"{float(one['value_1']) + 17:.2f}", "value_2": f"{float(one['value_2']) + 6:.2f}"}
    world.store.add_measurements([{**other, "created": iso(parse(one["created"]) + timedelta(seconds=41))}])


def implausible(world: World, row: Json, key: str | None, now: datetime) -> None:
    """The cat on the scale."""
    document = _devices(world, key, "Scale")[0]
    _add(world, document, _days(now, -6.3), metric="weight", value_1=1.4)


def lows(world: World, row: Json, key: str | None, now: datetime) -> None:
    """A test of the meter with control solution, and one reading far above the meter's range."""
    document = _devices(world, key, "Glucometer")[0]
    control = {"measurement_location": "control solution"}
    high = {"meal_context": "post-prandial", "measurement_location": "finger", "alert": "sensor_result_above_range"}
    _add(world, document, _days(now, -12.2), metric="glucose", value_1=110, filter_params=control)
    _add(world, document, _days(now, -19.4), metric="glucose", value_1=412, filter_params=high)
    _add(world, document, _days(now, -1.1), metric="glucose", value_1=54, filter_params=_fasting())


def _fasting() -> Json:
    return {"meal_context": "fasting", "measurement_location": "finger"}


def order_shipped(world: World, row: Json, key: str | None, now: datetime) -> None:
    """An add-on pulse oximeter that left two days ago and travels at the carrier's pace."""
    gateway = _devices(world, key, "BPM")[0]["device"]["hardware_uuid"]
    document = _ordered(world, row, key, "Tenovi Pulse Ox", _days(now, -5), gateway)
    _shipped(document, _days(now, -2))
    devices.save(world, document)


def delivered(world: World, row: Json, key: str | None, now: datetime) -> None:
    """On the doorstep for six days, and never used."""
    uuid = gateways.ship_new(world, cellular=False)["gateway_uuid"]
    document = _ordered(world, row, key, row["devices"][0], _days(now, -13), uuid)
    _shipped(document, _days(now, -10))
    document["device"]["fulfillment_request"]["delivered_on"] = iso(_days(now, -6))
    devices.set_status(document, "Delivered")
    devices.save(world, document)


def stuck(world: World, row: Json, key: str | None, now: datetime) -> None:
    """No house number: the vendor waits for the client."""
    document = _ordered(world, row, key, row["devices"][0], _days(now, -3), None)
    document["device"]["fulfillment_request"]["invalid_address"] = BAD_ADDRESS
    devices.set_status(document, "Client Action Required")
    devices.save(world, document)


def _ordered(world: World, row: Json, key: str | None, name: str, at: datetime, uuid: str | None) -> Json:
    order = {**ship_to(row), "created": iso(at)}
    values = {"name": name, "hardware_uuid": uuid, "fulfillment_request": order, "time_zone": row["time_zone"]}
    document = activation.new_document(world, values)
    document.update(patient=key, story="seeded")
    document["device"]["created"] = iso(at)
    return document


def ship_to(row: Json) -> Json:
    return {
        "shipping_name": f"{row['given_name']} {row['family_name']}",
        "shipping_address": " ".join(filter(None, (row["street"], row["street_2"]))),
        "shipping_city": row["city"],
        "shipping_state": row["state"],
        "shipping_zip_code": row["zip"],
    }


def _shipped(document: Json, at: datetime) -> None:
    link = f"https://carrier.example/track/94001{uuid5(NAMESPACE_URL, document['id']).int % 10**7:07d}"
    order = document["device"]["fulfillment_request"]
    order.update(fulfilled=True, shipped_on=iso(at), shipping_tracking_link=link)
    devices.set_status(document, "Shipped")


def bulk_order(world: World, now: datetime) -> None:
    """Placed in the vendor's web app five weeks ago, delivered since: kits for the clinic's shelf."""
    contents = [
        {"name": "Gateway", "quantity": 3, "kit_id": 1},
        {"name": "Tenovi BPM - L", "quantity": 3, "kit_id": 1},
        {"name": "Tenovi Cellular BPM", "quantity": 1, "kit_id": 0},
    ]
    order = special_orders.place_bulk(world, contents, shipping_name="Elm Street Cardiology")
    special_orders.pack(world, order)
    placed, shipped, arrived = (iso(_days(now, day)) for day in (-35, -32, -28))
    order.update(created=placed, modified=arrived, shipped_on=shipped, delivered_on=arrived)
    order.update(shipping_status="DE", step_at=None)
    world.store.put("bulk_order", order["id"], order)


def _between(world: World, document: Json, first: datetime, last: datetime) -> list[Json]:
    window = [("timestamp >= ?", iso(first)), ("timestamp < ?", iso(last))]
    return list(world.store.measurements([document["id"]], window))


def _add(world: World, document: Json, at: datetime, **sign: object) -> None:
    taken = at.replace(microsecond=0)
    row = measurements.reading(world, document, taken=taken, created=taken + timedelta(seconds=19), **sign)  # type: ignore[arg-type]  # as its story says
    world.store.add_measurements([row])


SHIPPING_ONLY: dict[str, Touch] = {"delivered_no_reading": delivered, "client_action_required": stuck}
TOUCHES: dict[str, Touch] = {
    "late_batch": late_batch,
    "estimated_times": estimated_times,
    "replaced_gateway": replaced_gateway,
    "conflict": conflict,
    "implausible": implausible,
    "diabetic_lows": lows,
    "order_shipped": order_shipped,
}
