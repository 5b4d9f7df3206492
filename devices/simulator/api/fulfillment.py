"""The lifecycle clock: parcels move one stage every `stage_seconds`, the first reading connects a device."""

from threading import Event, Thread

from devices.simulator.api import devices, gateways, measurements, replacements, special_orders
from devices.simulator.api.catalogue import is_cellular
from devices.simulator.api.patients import is_undeliverable
from devices.simulator.demo import history
from devices.simulator.demo.vital_signs import signs
from devices.simulator.runtime.messages import Json
from devices.simulator.runtime.state import World

BAD_ADDRESS = "Address not found: the carrier can't deliver to it. Please confirm or correct it."
FIRST_READINGS = 3  # that follow the connecting one, a stage apart, before the device falls into its daily rhythm
MOVING = ("device", "replacement", "bulk_order")


def step(world: World, document: Json) -> None:
    """One stage onwards for a device, by its status."""
    steps = {
        "Dropship Requested": _prepare,
        "Ready to Ship": ship,
        "Shipped": deliver,
        "Dropshipped": deliver,
        "Delivered": connect,
        "Connected": _measure_again,
    }
    document["step_at"] = None
    if action := steps.get(document["status"]):
        action(world, document)
    devices.save(world, document)


def _prepare(world: World, document: Json) -> None:
    order = document["device"]["fulfillment_request"]
    if is_undeliverable(order["shipping_address"], order["shipping_zip_code"]):
        order["invalid_address"] = BAD_ADDRESS
        _arrive_at(world, document, "Client Action Required")
        return
    _arrive_at(world, document, "Ready to Ship")
    document["step_at"] = world.soon()


def ship(world: World, document: Json) -> None:
    """The hardware id is given here: one gateway for a parcel, an IMEI for a device with its own SIM."""
    order = document["device"]["fulfillment_request"]
    if not document["device"]["hardware_uuid"]:
        document["device"]["hardware_uuid"] = _hardware_for(world, document)
    order["fulfilled"] = True
    order["shipped_on"] = world.clock.stamp()
    order["shipping_tracking_link"] = f"https://carrier.example/track/9400{world.random.randrange(10**8):08d}"
    document["step_at"] = world.soon()
    _arrive_at(world, document, world.random.choice(("Shipped", "Shipped", "Dropshipped")))


def _hardware_for(world: World, document: Json) -> str:
    if is_cellular(document["device"]["name"]):
        return str(gateways.ship_new(world, cellular=True)["gateway_uuid"])
    code = document["device"]["sensor_code"]
    parcel = [each["device"] for each in world.store.all("device") if each["parcel"] == document["parcel"]]
    shared = [each for each in parcel if each["hardware_uuid"] and not gateways.is_imei(each["hardware_uuid"])]
    for each in shared:  # never two of one sensor code on a gateway
        uuid = each["hardware_uuid"]
        if all(other["sensor_code"] != code for other in shared if other["hardware_uuid"] == uuid):
            return str(uuid)
    return str(gateways.ship_new(world, cellular=False)["gateway_uuid"])


def deliver(world: World, document: Json) -> None:
    document["device"]["fulfillment_request"]["delivered_on"] = world.clock.stamp()
    document["step_at"] = world.soon()
    _arrive_at(world, document, "Delivered")


def connect(world: World, document: Json) -> None:
    """The first reading. Its webhook and that of `Connected` travel by different hooks, in either order."""
    document["first_readings"] = FIRST_READINGS
    tells = [lambda: mark_connected(world, document), lambda: take_reading(world, document)]
    if world.random.random() < 0.5:
        tells.reverse()
    for tell in tells:
        tell()
    document["step_at"] = world.soon()


def mark_connected(world: World, document: Json) -> None:
    document["connected_on"] = world.clock.stamp()
    _arrive_at(world, document, "Connected")


def _measure_again(world: World, document: Json) -> None:
    take_reading(world, document)
    document["first_readings"] -= 1
    document["step_at"] = world.soon() if document["first_readings"] > 0 else None


def take_reading(world: World, document: Json) -> list[Json]:
    """One plausible reading now, with all that its device measures at once."""
    at, who = world.clock.now(), history.whose(world, document)
    day = history.day_of(world, at)
    measured = signs(document, at, external_id=who.external_id, day=day, dice=world.random)
    rows = [measurements.reading(world, document, **sign) for sign in measured]
    if rows:
        measurements.store(world, document, rows)
    return rows


def _arrive_at(world: World, document: Json, status: str) -> None:
    devices.set_status(document, status)
    devices.tell_status(world, document)


class Lifecycle:
    """Moves what is due. `advance` pushes the clock by hand; `start` lets real time do it on a thread."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._stopped = Event()
        self._thread: Thread | None = None

    def advance(self, seconds: float) -> int:
        """Push the lifecycle clock, stage by stage; the number of steps made."""
        world, steps = self._world, 0
        target = world.lifecycle_now() + seconds
        while (due := self._next_due()) is not None and due <= target:
            with world.lock:
                world.lifecycle_offset += max(0.0, due - world.lifecycle_now())
            steps += self.run_due()
        with world.lock:
            world.lifecycle_offset += max(0.0, target - world.lifecycle_now())
        return steps

    def _next_due(self) -> float | None:
        with self._world.lock:
            times = [each["step_at"] for kind in MOVING for each in self._world.store.all(kind)]
        return min((at for at in times if at is not None), default=None)

    def run_due(self) -> int:
        """Every step that is due now, in order, each in a change of its own; how many."""
        now = self._world.lifecycle_now()
        with self._world.lock:
            moving = [(kind, each) for kind in MOVING for each in self._world.store.all(kind)]
            due = [(kind, each["id"]) for kind, each in sorted(moving, key=_step_at) if _step_at((kind, each)) <= now]
        for kind, key in due:
            self._step(kind, key)
        return len(due)

    def _step(self, kind: str, key: str) -> None:
        with self._world.change():
            document = self._world.store.get(kind, key)
            if document and document["step_at"] is not None:
                self._world.stepping_at = document["step_at"]
                STEPS[kind](self._world, document)
                self._world.stepping_at = None

    def start(self) -> None:
        self._stopped.clear()
        self._thread = Thread(target=self._run, name="lifecycle", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        if self._thread:
            self._thread.join(5)

    def _run(self) -> None:
        pause = min(0.25, self._world.stage_seconds / 4)
        while not self._stopped.wait(max(0.02, pause)):
            self.run_due()


def _step_at(moving: tuple[str, Json]) -> float:
    at = moving[1]["step_at"]
    return float("inf") if at is None else float(at)


STEPS = {"device": step, "replacement": replacements.step, "bulk_order": special_orders.step_bulk}
