"""Scripted events of the demo's scenarios (late batch, conflict, replacement), added to the plain history."""

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

from devices.simulator.api import activation, devices, gateways, measurements, replacements, special_orders
from devices.simulator.runtime.clock import format_iso_time, parse_iso_time
from devices.simulator.runtime.messages import Json
from devices.simulator.runtime.state import SimulatorState

ScriptedEvent = Callable[[SimulatorState, Json, str | None, datetime], None]


def devices_of_patient(state: SimulatorState, key: str | None, word: str = "") -> list[Json]:
    owned = [each for each in state.store.all("device") if each["patient"] == key]
    return [each for each in owned if word in each["device"]["name"]]


def days_from(now: datetime, day: float) -> datetime:
    return now + timedelta(days=day)


def minutes_before(now: datetime, minutes: float) -> datetime:
    return now - timedelta(minutes=minutes)


def make_late_batch(state: SimulatorState, row: Json, key: str | None, now: datetime) -> None:
    """Six days of readings, a severe one among them, that the cuff stored with its gateway unplugged, sent at once."""
    document = devices_of_patient(state, key, "BPM")[0]
    first, last, uploaded = days_from(now, -10), days_from(now, -4), days_from(now, -3.6)
    add_pressures(state, key, days_from(now, -5.3), (3, 188, 108), (0, 186, 106))
    rows = measurements_between(state, document, first, last)
    late = [each for each in rows if each["created"] < format_iso_time(uploaded)]
    for n, each in enumerate(sorted(late, key=lambda each: each["timestamp"])):
        state.store.update_measurement(each["id"], created=format_iso_time(uploaded + timedelta(milliseconds=340 * n)))


def make_estimated_times(state: SimulatorState, row: Json, key: str | None, now: datetime) -> None:
    """The cuff's clock was unset: the vendor spread the readings evenly and marked them as estimated."""
    document = devices_of_patient(state, key, "BPM")[0]
    first, last, uploaded = days_from(now, -16), days_from(now, -11), days_from(now, -10.7)
    times = sorted({each["timestamp"] for each in measurements_between(state, document, first, last)})
    even = {old: first + (last - first) * n / max(1, len(times)) for n, old in enumerate(times)}
    for each in measurements_between(state, document, first, last):
        at = even[each["timestamp"]].replace(second=0, microsecond=0)
        state.store.update_measurement(
            each["id"], timestamp=format_iso_time(at), created=format_iso_time(uploaded), estimated_timestamp=True
        )


def make_gateway_replacement(state: SimulatorState, row: Json, key: str | None, now: datetime) -> None:
    """Replaced 34 days ago: every device has a log line, and older readings carry the old id."""
    swapped = days_from(now, -34)
    old = gateways.create_gateway(state, gateways.new_gateway_uuid(state))
    for document in devices_of_patient(state, key):
        for each in measurements_between(state, document, days_from(now, -200), swapped):
            state.store.update_measurement(each["id"], hardware_uuid=old["gateway_uuid"])
        replacements.log_hardware_change(
            state, document, old["gateway_uuid"], document["device"]["hardware_uuid"], format_iso_time(swapped)
        )


def add_conflicting_reading(state: SimulatorState, row: Json, key: str | None, now: datetime) -> None:
    """One timestamp, one index, two values."""
    document = devices_of_patient(state, key, "BPM")[0]
    pressures = list(measurements_between(state, document, days_from(now, -9), days_from(now, -2)))
    one = next(each for each in pressures if each["metric"] == "blood_pressure")
    other = {**one, "value_1": f"{float(one['value_1']) + 17:.2f}", "value_2": f"{float(one['value_2']) + 6:.2f}"}
    state.store.add_measurements(
        [{**other, "created": format_iso_time(parse_iso_time(one["created"]) + timedelta(seconds=41))}]
    )


def add_glucose_events(state: SimulatorState, row: Json, key: str | None, now: datetime) -> None:
    """A test of the meter with control solution, a low, and this morning one reading above the meter's range."""
    document = devices_of_patient(state, key, "Glucometer")[0]
    control = {"measurement_location": "control solution"}
    low = {"meal_context": "fasting", "measurement_location": "finger"}
    high = {"meal_context": "post-prandial", "measurement_location": "finger", "alert": "sensor_result_above_range"}
    add_measurement(state, document, days_from(now, -12.2), metric="glucose", value_1=110, filter_params=control)
    add_measurement(state, document, days_from(now, -1.1), metric="glucose", value_1=56, filter_params=low)
    add_measurement(state, document, minutes_before(now, 95), metric="glucose", value_1=600, filter_params=high)


def add_severe_pressures(state: SimulatorState, row: Json, key: str | None, now: datetime) -> None:
    """Severe, and as severe when it was repeated: a confirmed critical alert."""
    add_pressures(state, key, now, (17, 192, 114), (4, 188, 112))


def add_unconfirmed_pressure(state: SimulatorState, row: Json, key: str | None, now: datetime) -> None:
    """Severe in pregnancy, and not repeated yet."""
    add_pressures(state, key, now, (5, 166, 106))


def add_pressures(state: SimulatorState, key: str | None, now: datetime, *readings: tuple[int, int, int]) -> None:
    """Readings of the cuff: minutes before `now`, systolic, diastolic."""
    document = devices_of_patient(state, key, "BPM")[0]
    for minutes, systolic, diastolic in readings:
        at = minutes_before(now, minutes)
        add_measurement(state, document, at, metric="blood_pressure", value_1=systolic, value_2=diastolic)


def add_low_that_passed(state: SimulatorState, row: Json, key: str | None, now: datetime) -> None:
    """A very low glucose of yesterday that the next readings have ended before anybody saw it."""
    document = devices_of_patient(state, key, "Glucometer")[0]
    finger = {"meal_context": "pre-prandial", "measurement_location": "finger"}
    for minutes, value in ((1_500, 49), (1_480, 88), (1_455, 104)):
        at = minutes_before(now, minutes)
        add_measurement(state, document, at, metric="glucose", value_1=value, filter_params=finger)


def add_shipped_order(state: SimulatorState, row: Json, key: str | None, now: datetime) -> None:
    """An add-on pulse oximeter that was shipped two days ago and is still in transit."""
    gateway = devices_of_patient(state, key, "BPM")[0]["device"]["hardware_uuid"]
    document = new_ordered_device(state, row, key, "Tenovi Pulse Ox", days_from(now, -5), gateway)
    mark_shipped(document, days_from(now, -2))
    devices.save_device(state, document)


def add_unused_delivery(state: SimulatorState, row: Json, key: str | None, now: datetime) -> None:
    """Delivered six days ago, and never used."""
    uuid = gateways.ship_new_gateway(state, cellular=False)["gateway_uuid"]
    document = new_ordered_device(state, row, key, row["devices"][0], days_from(now, -13), uuid)
    mark_shipped(document, days_from(now, -10))
    document["device"]["fulfillment_request"]["delivered_on"] = format_iso_time(days_from(now, -6))
    devices.set_device_status(document, "Delivered")
    devices.save_device(state, document)


def new_ordered_device(
    state: SimulatorState, row: Json, key: str | None, name: str, ordered_at: datetime, uuid: str | None
) -> Json:
    order = {**shipping_fields_for(row), "created": format_iso_time(ordered_at)}
    values = {"name": name, "hardware_uuid": uuid, "fulfillment_request": order, "time_zone": row["time_zone"]}
    document = activation.new_device_document(state, values)
    document.update(patient=key, seeded=True)
    document["device"]["created"] = format_iso_time(ordered_at)
    return document


def shipping_fields_for(row: Json) -> Json:
    return {
        "shipping_name": f"{row['given_name']} {row['family_name']}",
        "shipping_address": " ".join(filter(None, (row["street"], row["street_2"]))),
        "shipping_city": row["city"],
        "shipping_state": row["state"],
        "shipping_zip_code": row["zip"],
    }


def mark_shipped(document: Json, at: datetime) -> None:
    link = f"https://carrier.example/track/94001{uuid5(NAMESPACE_URL, document['id']).int % 10**7:07d}"
    order = document["device"]["fulfillment_request"]
    order.update(fulfilled=True, shipped_on=format_iso_time(at), shipping_tracking_link=link)
    devices.set_device_status(document, "Shipped")


def add_bulk_order(state: SimulatorState, now: datetime) -> None:
    """Placed in the vendor's web app five weeks ago, delivered since: kits for the clinic's stock."""
    contents = [
        {"name": "Gateway", "quantity": 3, "kit_id": 1},
        {"name": "Tenovi BPM - L", "quantity": 3, "kit_id": 1},
        {"name": "Tenovi Cellular BPM", "quantity": 1, "kit_id": 0},
    ]
    order = special_orders.place_bulk_order(state, contents, shipping_name="Elm Street Cardiology")
    special_orders.pack_bulk_order(state, order)
    placed, shipped, arrived = (format_iso_time(days_from(now, day)) for day in (-35, -32, -28))
    order.update(created=placed, modified=arrived, shipped_on=shipped, delivered_on=arrived)
    order.update(shipping_status="DE", step_at=None)
    state.store.put("bulk_order", order["id"], order)


def measurements_between(state: SimulatorState, document: Json, first: datetime, last: datetime) -> list[Json]:
    window = [("timestamp >= ?", format_iso_time(first)), ("timestamp < ?", format_iso_time(last))]
    return list(state.store.measurements([document["id"]], window))


def add_measurement(state: SimulatorState, document: Json, at: datetime, **sign: object) -> None:
    taken = at.replace(microsecond=0)
    row = measurements.new_measurement(state, document, taken=taken, created=taken + timedelta(seconds=19), **sign)  # type: ignore[arg-type]  # keyword arguments of a VitalSign
    state.store.add_measurements([row])


UNCONNECTED_SCENARIOS: dict[str, ScriptedEvent] = {
    "delivered_no_reading": add_unused_delivery,
}
SCRIPTED_EVENTS: dict[str, ScriptedEvent] = {
    "late_batch": make_late_batch,
    "estimated_times": make_estimated_times,
    "replaced_gateway": make_gateway_replacement,
    "conflict": add_conflicting_reading,
    "diabetic_lows": add_glucose_events,
    "low_passed": add_low_that_passed,
    "uncontrolled_hypertension": add_severe_pressures,
    "pregnancy": add_unconfirmed_pressure,
    "order_shipped": add_shipped_order,
}
