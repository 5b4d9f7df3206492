"""Seed data of the demo account: the devices of its patients with the last 90 days, relative to now."""

from datetime import datetime, timedelta

from devices.simulator.api import activation, devices, gateways, patients
from devices.simulator.api.catalogue import is_cellular
from devices.simulator.demo import history, scripted_events
from devices.simulator.demo.cases import SEEDED_CASES
from devices.simulator.demo.personas import persona_rows
from devices.simulator.runtime.clock import format_iso_time, parse_iso_time
from devices.simulator.runtime.messages import Json
from devices.simulator.runtime.state import SimulatorState

HISTORY_DAYS = 90
NEW_START_HISTORY_DAYS = 13
# Devices that the vendor lists although the product did not order them: an old one, and one of the web app.
UNKNOWN_DEVICES = (
    ("legacy-1042", "Tenovi BPM - L", "K. Vance"),
    ("pt-0b1e55ed-0000-5000-8000-00000000a11e", "Tenovi Scale", None),
)


def seed_demo_account(state: SimulatorState) -> None:
    now = state.clock.now()
    for row in persona_rows():
        seed_persona(state, row, now)
    for external_id, name, person_name in UNKNOWN_DEVICES:
        patient = {"external_id": external_id, "name": person_name, "sms_opt_in": False}
        document = seed_connected_device(
            state, patients.save_nested_patient(state, patient), name, None, now, HISTORY_DAYS
        )
        history.store_history(state, document, now - timedelta(days=21), now)
    scripted_events.add_bulk_order(state, now)


def seed_persona(state: SimulatorState, row: Json, now: datetime) -> None:
    """One patient: account, devices on one gateway, history, and the scripted events of the scenario."""
    if not row["devices"]:
        return  # the vendor learns of this person with the first order
    key = patients.save_nested_patient(state, persona_patient_json(row))
    days = NEW_START_HISTORY_DAYS if row["scenario"] == "new_start" else HISTORY_DAYS
    gateway = None if all(is_cellular(name) for name in row["devices"]) else seed_gateway(state, now, days)
    if row["scenario"] in scripted_events.UNCONNECTED_SCENARIOS:
        scripted_events.UNCONNECTED_SCENARIOS[row["scenario"]](state, row, key, now)
        return
    for name in row["devices"]:
        document = seed_connected_device(state, key, name, gateway, now, days)
        document["time_zone"] = row["time_zone"]
        document["device"]["fulfillment_request"].update(scripted_events.shipping_fields_for(row))
        history.store_history(state, document, now - timedelta(days=days), now)
    if add_event := scripted_events.SCRIPTED_EVENTS.get(row["scenario"]):
        add_event(state, row, key, now)
    if make_case := SEEDED_CASES.get(row.get("case", "")):
        make_case(state, row, key, now)


def persona_patient_json(row: Json) -> Json:
    """What a careful client sends: what shipping needs, and no birth date, MRN or condition."""
    return {
        "external_id": row["external_id"],
        "name": f"{row['given_name']} {row['family_name']}",
        "phone_number": row["phone"],
        "physician": row["provider"],
        "clinic_name": row["clinic"],
        "sms_opt_in": row["sms_consent"],
    }


def seed_gateway(state: SimulatorState, now: datetime, days: int) -> str:
    gateway = gateways.create_gateway(state, gateways.new_gateway_uuid(state))
    gateway["shipped_on"] = gateway["assigned_on"] = format_iso_time(now - timedelta(days=days + 6))
    return str(state.store.put("gateway", gateway["gateway_uuid"], gateway)["gateway_uuid"])


def seed_connected_device(
    state: SimulatorState, key: str | None, name: str, gateway: str | None, now: datetime, days: int
) -> Json:
    """A device that was dropshipped before the scenario begins and has measured since."""
    uuid = gateway or gateways.ship_new_gateway(state, cellular=is_cellular(name))["gateway_uuid"]
    document = activation.new_device_document(state, {"name": name, "hardware_uuid": uuid, "fulfillment_request": {}})
    document.update(patient=key, seeded=True)
    ordered = now - timedelta(days=days + 9)
    document["device"]["created"] = format_iso_time(ordered)
    document["device"]["fulfillment_request"].update(
        created=format_iso_time(ordered),
        shipped_on=format_iso_time(ordered + timedelta(days=2)),
        delivered_on=format_iso_time(ordered + timedelta(days=6)),
        fulfilled=True,
        shipping_tracking_link=f"https://carrier.example/track/9400{state.random.randrange(10**8):08d}",
    )
    devices.set_device_status(document, "Connected")
    return devices.save_device(state, document)


def catch_up_history(state: SimulatorState) -> None:
    """After a restart: the readings that the seeded devices would have sent meanwhile, without webhooks."""
    now = state.clock.now()
    for document in state.store.all("device"):
        if document["status"] == "Connected" and document["last_measurement"]:
            history.store_history(state, document, parse_iso_time(document["last_measurement"]), now)
