"""Correction of a patient's address at the vendor, and what becomes of orders that wait for the client.

How the vendor really treats them is not known, so both behaviours can be chosen: `releases_corrected_orders` true lets
an order go on with the corrected or confirmed address; false leaves it as it is, so that it must be cancelled. An order
to a PO box proceeds in no case.
"""

from devices.simulator.api import devices, patients
from devices.simulator.runtime.messages import Request, Response
from devices.simulator.runtime.state import SimulatorState


def update_patient(state: SimulatorState, request: Request, external_id: str) -> Response:
    answer = patients.update_patient(state, request, external_id)
    if state.releases_corrected_orders and answer.data["address_status"] == "Verified":
        release_waiting_orders(state, answer.data["external_id"].casefold())
    return answer


def release_waiting_orders(state: SimulatorState, key: str) -> None:
    person = state.store.get("patient", key) or {}
    if patients.is_post_office_box(person.get("address")):
        return
    for document in state.store.all("device"):
        order = document["device"]["fulfillment_request"]
        if document["patient"] != key or document["status"] != "Client Action Required" or not order["invalid_address"]:
            continue
        order.update({f"shipping_{name}": person[name] for name in patients.ADDRESS_FIELDS}, invalid_address="")
        document["step_at"] = state.next_stage_due_at()
        devices.set_device_status(document, "Ready to Ship")
        devices.notify_device_status(state, devices.save_device(state, document))
