"""Order lifecycle: a parcel moves one stage every `stage_seconds`, the first reading connects a device."""

from collections.abc import Callable
from operator import itemgetter

from devices.simulator.api import devices, gateways, replacements, special_orders
from devices.simulator.api.catalogue import is_cellular
from devices.simulator.api.patients import is_post_office_box, is_undeliverable, patient_of_device
from devices.simulator.runtime.messages import Json
from devices.simulator.runtime.state import SimulatorState

INVALID_ADDRESS_TEXT = "Address not found: the carrier can't deliver to it. Please confirm or correct it."
FIRST_READING_COUNT = 3  # after the connecting one, a stage apart, before the device follows its daily schedule
ReadingMaker = Callable[[SimulatorState, Json], object]  # takes and stores one reading of a device


def advance_device(state: SimulatorState, document: Json, take_reading: ReadingMaker) -> None:
    """Advance a device by one stage, according to its status."""
    document["step_at"] = None
    match document["status"]:
        case "Dropship Requested":
            prepare_shipment(state, document)
        case "Ready to Ship":
            ship_device(state, document)
        case "Shipped" | "Dropshipped":
            document["device"]["fulfillment_request"]["delivered_on"] = state.clock.stamp()
            document["step_at"] = state.next_stage_due_at()
            enter_device_status(state, document, "Delivered")
        case "Delivered":
            connect_device(state, document, take_reading)
        case "Connected":
            take_reading(state, document)
            document["first_readings"] -= 1
            document["step_at"] = state.next_stage_due_at() if document["first_readings"] > 0 else None
    devices.save_device(state, document)


def prepare_shipment(state: SimulatorState, document: Json) -> None:
    order = document["device"]["fulfillment_request"]
    person = patient_of_device(state, document) or {}
    confirmed = state.releases_corrected_orders and person.get("confirm_address")
    confirmed = confirmed and not is_post_office_box(order["shipping_address"])
    if not confirmed and is_undeliverable(order["shipping_address"], order["shipping_zip_code"]):
        order["invalid_address"] = INVALID_ADDRESS_TEXT
        enter_device_status(state, document, "Client Action Required")
        return
    enter_device_status(state, document, "Ready to Ship")
    document["step_at"] = state.next_stage_due_at()


def ship_device(state: SimulatorState, document: Json) -> None:
    """The hardware id is assigned here: one gateway for a parcel, an IMEI for a device with its own SIM."""
    order = document["device"]["fulfillment_request"]
    if not document["device"]["hardware_uuid"]:
        document["device"]["hardware_uuid"] = choose_hardware_id(state, document)
    order["fulfilled"] = True
    order["shipped_on"] = state.clock.stamp()
    order["shipping_tracking_link"] = f"https://carrier.example/track/9400{state.random.randrange(10**8):08d}"
    document["step_at"] = state.next_stage_due_at()
    enter_device_status(state, document, state.random.choice(("Shipped", "Shipped", "Dropshipped")))


def choose_hardware_id(state: SimulatorState, document: Json) -> str:
    if is_cellular(document["device"]["name"]):
        return str(gateways.ship_new_gateway(state, cellular=True)["gateway_uuid"])
    code = document["device"]["sensor_code"]
    parcel = [each["device"] for each in state.store.all("device") if each["parcel"] == document["parcel"]]
    shared = [each for each in parcel if each["hardware_uuid"] and not gateways.is_imei(each["hardware_uuid"])]
    for each in shared:  # never two devices with one sensor code on a gateway
        uuid = each["hardware_uuid"]
        if all(other["sensor_code"] != code for other in shared if other["hardware_uuid"] == uuid):
            return str(uuid)
    return str(gateways.ship_new_gateway(state, cellular=False)["gateway_uuid"])


def connect_device(state: SimulatorState, document: Json, take_reading: ReadingMaker) -> None:
    """The first reading. Its webhook and that of `Connected` are independent and are queued in either order."""
    document["first_readings"] = FIRST_READING_COUNT
    steps: list[ReadingMaker] = [mark_connected, take_reading]
    if state.random.random() < 0.5:
        steps.reverse()
    for step in steps:
        step(state, document)
    document["step_at"] = state.next_stage_due_at()


def mark_connected(state: SimulatorState, document: Json) -> None:
    document["connected_on"] = state.clock.stamp()
    enter_device_status(state, document, "Connected")


def enter_device_status(state: SimulatorState, document: Json, status: str) -> None:
    devices.set_device_status(document, status)
    devices.notify_device_status(state, document)


class Lifecycle:
    """Runs the steps that are due on the lifecycle clock, which `advance` pushes ahead of real time."""

    def __init__(self, state: SimulatorState, take_reading: ReadingMaker) -> None:
        self._state = state
        self._advance: dict[str, Callable[[SimulatorState, Json], None]] = {
            "device": lambda state, document: advance_device(state, document, take_reading),
            "replacement": replacements.advance_replacement,
            "bulk_order": special_orders.advance_bulk_order,
        }

    def advance(self, seconds: float) -> int:
        """Push the lifecycle clock, stage by stage; the number of steps made."""
        state, steps = self._state, 0
        target = state.lifecycle_now() + seconds
        while (scheduled := self.scheduled_steps()) and scheduled[0][0] <= target:
            with state.lock:
                state.lifecycle_offset += max(0.0, scheduled[0][0] - state.lifecycle_now())
            steps += self.run_due()
        with state.lock:
            state.lifecycle_offset += max(0.0, target - state.lifecycle_now())
        return steps

    def scheduled_steps(self) -> list[tuple[float, str, str]]:
        """(due on the lifecycle clock, kind, id) of all that moves, earliest first."""
        with self._state.lock:
            moving = [
                (each["step_at"], kind, each["id"]) for kind in self._advance for each in self._state.store.all(kind)
            ]
        return sorted((step for step in moving if step[0] is not None), key=itemgetter(0))

    def run_due(self) -> int:
        """Every step that is due now, in order, each in a transaction of its own; how many."""
        now = self._state.lifecycle_now()
        due = [step for step in self.scheduled_steps() if step[0] <= now]
        for _, kind, key in due:
            with self._state.transaction():
                document = self._state.store.get(kind, key)
                if document and document["step_at"] is not None:
                    self._state.current_stage_due_at = document["step_at"]
                    self._advance[kind](self._state, document)
                    self._state.current_stage_due_at = None
        return len(due)
