"""Cases of the demo: what has happened to a persona's equipment before the demo begins, for one exception each.

Those of orders are made by the product itself: see `fulfillment.management.commands.prepare_demo`.
"""

from collections.abc import Callable
from datetime import datetime

from devices.simulator.api import devices, gateways
from devices.simulator.api.fulfillment import INVALID_ADDRESS_TEXT
from devices.simulator.demo import scripted_events
from devices.simulator.runtime.messages import Json
from devices.simulator.runtime.state import SimulatorState

Case = Callable[[SimulatorState, Json, str | None, datetime], None]


def use_neighbours_gateway(state: SimulatorState, row: Json, key: str | None, now: datetime) -> None:
    """The last readings of the cuff came through a gateway that isn't its own."""
    document = scripted_events.devices_of_patient(state, key, "BPM")[0]
    document["carries"] = gateways.ship_new_gateway(state, cellular=False)["gateway_uuid"]
    devices.save_device(state, document)
    scripted_events.add_measurement(
        state, document, scripted_events.minutes_before(now, 2.3), metric="blood_pressure", value_1=131, value_2=79
    )


def leave_unconfirmed_on_gateway(state: SimulatorState, row: Json, key: str | None, now: datetime) -> None:
    """The cuff was put on its gateway's list, and no confirming reading was taken."""
    document = scripted_events.devices_of_patient(state, key, "BPM")[0]
    gateway = gateways.find_gateway(state, document["device"]["hardware_uuid"]) or {}
    for entry in gateway["whitelisted_devices"]:
        if entry["sensor_code"] == document["device"]["sensor_code"]:
            entry["whitelist_status"] = "RE"
    state.store.put("gateway", gateway["gateway_uuid"], gateway)


def send_unreadable_reading(state: SimulatorState, row: Json, key: str | None, now: datetime) -> None:
    document = scripted_events.devices_of_patient(state, key, "BPM")[0]
    scripted_events.add_measurement(
        state, document, scripted_events.days_from(now, -0.6), metric="blood_pressure", value_1="E-03", value_2="E-03"
    )


def weigh_pet(state: SimulatorState, row: Json, key: str | None, now: datetime) -> None:
    """A pet on the scale, twice in a row."""
    document = scripted_events.devices_of_patient(state, key, "Scale")[0]
    for day, pounds in ((-0.02, 1.4), (-0.01, 1.6)):
        scripted_events.add_measurement(
            state, document, scripted_events.days_from(now, day), metric="weight", value_1=pounds
        )


def lose_parcel(state: SimulatorState, row: Json, key: str | None, now: datetime) -> None:
    """A scale, ordered in the vendor's web app, that left the vendor twelve days ago and has not arrived."""
    ordered = scripted_events.days_from(now, -15)
    document = scripted_events.new_ordered_device(state, row, key, "Tenovi Scale", ordered, None)
    scripted_events.mark_shipped(document, scripted_events.days_from(now, -12))
    devices.save_device(state, document)


def question_address(state: SimulatorState, row: Json, key: str | None, now: datetime) -> None:
    """Ordered in the vendor's web app; the address is questioned, and the order not stopped yet."""
    ordered = scripted_events.days_from(now, -1)
    document = scripted_events.new_ordered_device(state, row, key, "Tenovi Pulse Ox", ordered, None)
    document["device"]["fulfillment_request"]["invalid_address"] = INVALID_ADDRESS_TEXT
    devices.set_device_status(document, "Dropship Requested")
    devices.save_device(state, document)


def list_web_app_order(state: SimulatorState, row: Json, key: str | None, now: datetime) -> None:
    """Ordered in the vendor's web app, where a person cancels it later."""
    ordered = scripted_events.days_from(now, -1)
    document = scripted_events.new_ordered_device(state, row, key, "Tenovi Scale", ordered, None)
    devices.set_device_status(document, "Dropship Requested")
    devices.save_device(state, document)


def pin_to_other_system(state: SimulatorState, row: Json, key: str | None, now: datetime) -> None:
    """The cuff sends to a webhook of another system alone."""
    document = scripted_events.devices_of_patient(state, key, "BPM")[0]
    pin = {"id": state.new_id(), "key": "measurement_webhook_id", "value": state.new_id()}
    document["properties"].append({**pin, "handle_property": False, "synced": True})
    devices.save_device(state, document)


SEEDED_CASES: dict[str, Case] = {
    "foreign_gateway": use_neighbours_gateway,
    "not_whitelisted": leave_unconfirmed_on_gateway,
    "unreadable_messages": send_unreadable_reading,
    "implausible_readings": weigh_pet,
    "pinned_elsewhere": pin_to_other_system,
    "overdue": lose_parcel,
    "address_not_confirmed": question_address,
    "absent_at_vendor": list_web_app_order,
}
