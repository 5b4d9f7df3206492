"""The lifecycle clock: parcels move one stage every `stage_seconds`, the first reading connects a device."""

from threading import Event, Thread

from devices.simulator.api import devices, gateways, measurements, replacements, special_orders
from devices.simulator.api.catalogue import is_cellular
from devices.simulator.api.patients import is_undeliverable
from devices.simulator.demo import history
from devices.simulator.demo.vital_signs import measure_vital_signs
from devices.simulator.runtime.messages import Json
from devices.simulator.runtime.state import SimulatorState

INVALID_ADDRESS_TEXT = "Address not found: the carrier can't deliver to it. Please confirm or correct it."
FIRST_READING_COUNT = 3  # that follow the connecting one, a stage apart, before the device falls into its daily rhythm
MOVING_KINDS = ("device", "replacement", "bulk_order")


def advance_device(state: SimulatorState, document: Json) -> None:
    """One stage onwards for a device, by its status."""
    steps = {
        "Dropship Requested": prepare_shipment,
        "Ready to Ship": ship_device,
        "Shipped": deliver_device,
        "Dropshipped": deliver_device,
        "Delivered": connect_device,
        "Connected": take_follow_up_reading,
    }
    document["step_at"] = None
    if action := steps.get(document["status"]):
        action(state, document)
    devices.save_device(state, document)


def prepare_shipment(state: SimulatorState, document: Json) -> None:
    order = document["device"]["fulfillment_request"]
    if is_undeliverable(order["shipping_address"], order["shipping_zip_code"]):
        order["invalid_address"] = INVALID_ADDRESS_TEXT
        enter_device_status(state, document, "Client Action Required")
        return
    enter_device_status(state, document, "Ready to Ship")
    document["step_at"] = state.next_stage_due_at()


def ship_device(state: SimulatorState, document: Json) -> None:
    """The hardware id is given here: one gateway for a parcel, an IMEI for a device with its own SIM."""
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
    for each in shared:  # never two of one sensor code on a gateway
        uuid = each["hardware_uuid"]
        if all(other["sensor_code"] != code for other in shared if other["hardware_uuid"] == uuid):
            return str(uuid)
    return str(gateways.ship_new_gateway(state, cellular=False)["gateway_uuid"])


def deliver_device(state: SimulatorState, document: Json) -> None:
    document["device"]["fulfillment_request"]["delivered_on"] = state.clock.stamp()
    document["step_at"] = state.next_stage_due_at()
    enter_device_status(state, document, "Delivered")


def connect_device(state: SimulatorState, document: Json) -> None:
    """The first reading. Its webhook and that of `Connected` travel by different hooks, in either order."""
    document["first_readings"] = FIRST_READING_COUNT
    tells = [lambda: mark_connected(state, document), lambda: take_reading(state, document)]
    if state.random.random() < 0.5:
        tells.reverse()
    for tell in tells:
        tell()
    document["step_at"] = state.next_stage_due_at()


def mark_connected(state: SimulatorState, document: Json) -> None:
    document["connected_on"] = state.clock.stamp()
    enter_device_status(state, document, "Connected")


def take_follow_up_reading(state: SimulatorState, document: Json) -> None:
    take_reading(state, document)
    document["first_readings"] -= 1
    document["step_at"] = state.next_stage_due_at() if document["first_readings"] > 0 else None


def take_reading(state: SimulatorState, document: Json) -> list[Json]:
    """One plausible reading now, with all that its device measures at once."""
    at, who = state.clock.now(), history.persona_of(state, document)
    day = history.scenario_day(state, at)
    measured = measure_vital_signs(document, at, external_id=who.external_id, day=day, random=state.random)
    rows = [measurements.new_measurement(state, document, **sign) for sign in measured]
    if rows:
        measurements.store_measurements(state, document, rows)
    return rows


def enter_device_status(state: SimulatorState, document: Json, status: str) -> None:
    devices.set_device_status(document, status)
    devices.notify_device_status(state, document)


class Lifecycle:
    """Moves what is due. `advance` pushes the clock by hand; `start` lets real time do it on a thread."""

    def __init__(self, state: SimulatorState) -> None:
        self._state = state
        self._stopped = Event()
        self._thread: Thread | None = None

    def advance(self, seconds: float) -> int:
        """Push the lifecycle clock, stage by stage; the number of steps made."""
        world, steps = self._state, 0
        target = world.lifecycle_now() + seconds
        while (due := self.next_due_at()) is not None and due <= target:
            with world.lock:
                world.lifecycle_offset += max(0.0, due - world.lifecycle_now())
            steps += self.run_due()
        with world.lock:
            world.lifecycle_offset += max(0.0, target - world.lifecycle_now())
        return steps

    def next_due_at(self) -> float | None:
        with self._state.lock:
            times = [each["step_at"] for kind in MOVING_KINDS for each in self._state.store.all(kind)]
        return min((at for at in times if at is not None), default=None)

    def run_due(self) -> int:
        """Every step that is due now, in order, each in a change of its own; how many."""
        now = self._state.lifecycle_now()
        with self._state.lock:
            moving = [(kind, each) for kind in MOVING_KINDS for each in self._state.store.all(kind)]
            due = [
                (kind, each["id"]) for kind, each in sorted(moving, key=step_due_at) if step_due_at((kind, each)) <= now
            ]
        for kind, key in due:
            self.run_step(kind, key)
        return len(due)

    def run_step(self, kind: str, key: str) -> None:
        with self._state.transaction():
            document = self._state.store.get(kind, key)
            if document and document["step_at"] is not None:
                self._state.current_stage_due_at = document["step_at"]
                STEP_FUNCTIONS[kind](self._state, document)
                self._state.current_stage_due_at = None

    def start(self) -> None:
        self._stopped.clear()
        self._thread = Thread(target=self._run, name="lifecycle", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        if self._thread:
            self._thread.join(5)

    def _run(self) -> None:
        pause = min(0.25, self._state.stage_seconds / 4)
        while not self._stopped.wait(max(0.02, pause)):
            self.run_due()


def step_due_at(moving: tuple[str, Json]) -> float:
    at = moving[1]["step_at"]
    return float("inf") if at is None else float(at)


STEP_FUNCTIONS = {
    "device": advance_device,
    "replacement": replacements.advance_replacement,
    "bulk_order": special_orders.advance_bulk_order,
}
