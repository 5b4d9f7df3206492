"""Each way to get a device to a patient: placed here, asked of the vendor as its documents say, first reading.

All are placed first, so that their parcels travel at the same time.
"""

import json
import re
from dataclasses import dataclass, field

import pytest

from tests.journeys.conftest import HttpUser, errors_on, page_if_connected, patient_id_in, stored_readings, wait_for

GATEWAY, SHELF_GATEWAY, IMEI = "D4E5F6A1B2C3", "E5F6A1B2C3D4", "356000000000018"
NAMES = ("Paula", "Omar", "Greta", "Lionel", "Martha", "Edwin", "Noreen")
PLACE = {"street": "9 Elm Court", "city": "Dover", "state": "NH", "zip_code": "03820"}
REFERENCE = "our reference"
SHIPMENT = {
    "shipping_address": "9 Elm Court",
    "shipping_city": "Dover",
    "shipping_state": "NH",
    "shipping_zip_code": "03820",
    "client_notes": REFERENCE,
    "notify_emails": None,
    "require_signature": False,
    "ship_gateway_only": False,
    "client_will_fulfill": False,
}


@dataclass(frozen=True)
class Way:
    """`typed` into the form `how`, of which `kit` and `device` are choices by name. `asked`: of the vendor, by device,
    what differs from the shipment above; None without a shipment. `hardware`: the id that is sent."""

    how: str
    typed: dict[str, str]
    asked: dict[str, dict | None]
    hardware: str | None = None
    of_patient: str = ""  # the way by which the patient got a gateway before
    metrics: set[str] = field(default_factory=lambda: {"blood_pressure"})


WAYS = {
    "on site, with a gateway": Way(
        how="activate",
        typed={"device": "Tenovi Scale", "gateway_id": "d4e5-f6a1-b2c3"},
        asked={"Tenovi Scale": None},
        hardware=GATEWAY,
        metrics={"weight"},
    ),
    "on site, with an IMEI": Way(
        how="activate",
        typed={"device": "Tenovi Cellular Scale", "gateway_id": f" {IMEI}\r\n"},
        asked={"Tenovi Cellular Scale": None},
        hardware=IMEI,
        metrics={"weight"},
    ),
    "the clinic ships, hardware unknown": Way(
        how="clinic",
        typed={"kit": "One cuff", "carrier": "ups", "tracking_number": "1Z999AA10123456784"},
        asked={"Tenovi BPM - L": {"client_will_fulfill": True}},
    ),
    "the clinic ships, hardware known": Way(
        how="activate",
        typed={"device": "Tenovi BPM - L", "gateway_id": SHELF_GATEWAY, "shipped_by_clinic": "on"},
        asked={"Tenovi BPM - L": None},
        hardware=SHELF_GATEWAY,
    ),
    "dropship with a new gateway": Way(
        how="",
        typed={"kit": "Heart failure", "gateway": "new", "require_signature": "on"},
        asked={"Tenovi BPM - L": {"require_signature": True}, "Tenovi Scale": {"require_signature": True}},
        metrics={"blood_pressure", "weight"},
    ),
    "gateway alone": Way(
        how="gateway",
        typed={"device": "Tenovi BPM - L"},
        asked={"Tenovi BPM - L": {"ship_gateway_only": True}},
    ),
    "cellular, without a gateway": Way(
        how="",
        typed={"kit": "Own modem", "gateway": "new"},
        asked={"Tenovi Cellular BPM": {}},
    ),
    "added to the patient's gateway": Way(
        how="",
        typed={"kit": "One cuff", "gateway": "join"},
        asked={"Tenovi BPM - L": {}},
        hardware=GATEWAY,
        of_patient="on site, with a gateway",
        metrics={"blood_pressure", "weight"},
    ),
}


@dataclass(frozen=True)
class Placed:
    patient: str
    order: str
    account: str
    name: str


@pytest.fixture(scope="module")
def coordinator(clinic_stack):
    return HttpUser(clinic_stack, "cora")


@pytest.fixture(scope="module")
def placed_by_way(coordinator):
    placed, names = {}, iter(NAMES)
    for title, way in WAYS.items():
        earlier = placed.get(way.of_patient)
        if earlier:
            wait_for(lambda seen=earlier: page_if_connected(coordinator, seen.order), what="the patient's gateway")
        name = earlier.name if earlier else f"{next(names)} Quill"
        patient = earlier.patient if earlier else coordinator.enrol(given_name=name.split()[0], family_name="Quill")
        order = place(coordinator, patient, way, name)
        account = re.search(r"pt-[0-9a-f-]{36}", coordinator.see(f"{patient}edit/")).group()
        placed[title] = Placed(patient, order, account, name)
    return placed


def place(coordinator, patient, way, name):
    form = f"/orders/new/?patient={patient_id_in(patient)}&how={way.how}"
    page, typed = coordinator.see(form), dict(way.typed)
    if "kit" in typed:
        typed["kit"] = re.search(rf'name="kit" value="(\d+)"[^>]*>\s*<label[^>]*><strong>{typed["kit"]}<', page).group(
            1
        )
    if device := typed.pop("device", ""):
        typed["device_type"] = re.search(rf'<option value="(\d+)">{device}<', page).group(1)
    address = {} if way.how == "activate" else {"name": name, **PLACE}
    answer = coordinator.fill(form, **address, **typed)
    found = re.search(r"/orders/[0-9a-f-]{36}/$", str(answer.url))
    assert found, errors_on(answer.text)
    return found.group()


def requests_for_devices(simulator_control, placed, way):
    """Bodies of the requests for the devices of this way, sorted by name, in which our reference is replaced."""
    posts = [line for line in simulator_control.get("requests").json() if line["path"].endswith("/hwi-devices/")]
    bodies = [json.loads(line["body"]) for line in posts if line["method"] == "POST" and line["applied"]]
    mine = [body for body in bodies if body["patient"]["external_id"] == placed.account]
    return sorted(
        (body for body in mine if body["device"]["name"] in way.asked), key=lambda body: body["device"]["name"]
    )


def replace_references(bodies, page):
    """The vendor's notes of each device hold a reference that the order's page shows."""
    known = set(re.findall(r"reference (V[A-Z0-9]{9})", page))
    for shipment in (body["device"].get("fulfillment_request") for body in bodies):
        if shipment:
            known.remove(shipment["client_notes"])
            shipment["client_notes"] = REFERENCE
    return bodies


def expected_bodies(way, placed):
    person = {"external_id": placed.account, "sms_opt_in": False}
    bodies = []
    for name, changes in sorted(way.asked.items()):
        device = {"name": name, "hardware_uuid": way.hardware}
        if changes is None:
            bodies.append({"device": device, "patient": person})
            continue
        shipment = SHIPMENT | {"shipping_name": placed.name} | changes
        recipient = person | {"name": placed.name, "phone_number": "+16035550142"}
        bodies.append({"device": device | {"fulfillment_request": shipment}, "patient": recipient})
    return bodies


def devices_at_vendor(simulator_control, placed, way):
    theirs = [each for each in simulator_control.get("devices").json() if each["patient"] == placed.account.lower()]
    return [each for each in theirs if each["device"]["name"] in way.asked]


def ship_as_in_the_web_app(simulator_control, device):
    """Staff of the clinic enter the gateway and the shipment in the vendor's web app."""
    assert (device["status"], device["device"]["hardware_uuid"]) == ("Pending Shipment", None)
    simulator_control.post("ship", json={"hwi_device_id": device["id"]})


@pytest.mark.parametrize("title", WAYS)
def test_order_journey_from_form_to_first_reading(title, placed_by_way, coordinator, clinic_stack, simulator_control):
    way, placed = WAYS[title], placed_by_way[title]

    def find_requests():
        bodies = requests_for_devices(simulator_control, placed, way)
        return bodies if len(bodies) == len(way.asked) else None

    bodies = wait_for(find_requests, what="the requests to the vendor")
    assert replace_references(bodies, coordinator.see(placed.order)) == expected_bodies(way, placed)

    if way.how == "clinic":
        ship_as_in_the_web_app(simulator_control, *devices_at_vendor(simulator_control, placed, way))
    wait_for(lambda: page_if_connected(coordinator, placed.order), what="each device connected")
    hardware = {each["device"]["hardware_uuid"] for each in devices_at_vendor(simulator_control, placed, way)}
    assert len(hardware) == 1, "the devices of an order share its gateway"
    assert hardware == {way.hardware or next(iter(hardware))}
    wait_for(
        lambda: way.metrics <= {metric for metric, *_ in stored_readings(clinic_stack, placed.patient)},
        what="the first reading of each device",
    )
