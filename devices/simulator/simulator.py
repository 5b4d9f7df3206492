"""The simulated vendor as one object: a WSGI application with handles for tests."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from devices.simulator import devices, fulfillment, gateways
from devices.simulator.app import Vendor, respond
from devices.simulator.clock import Clock
from devices.simulator.fulfillment import Lifecycle
from devices.simulator.store import Store
from devices.simulator.web import Json, Request
from devices.simulator.world import World


class Simulator:
    """`app(environ, start_response)`. No thread runs and no webhook leaves before `start()`.

    state: path of the state file, or ":memory:". gap_seconds: least time between two requests of one key (real
    time). stage_seconds: one stage of a parcel's way. live_seconds: between live readings of the demo.
    """

    def __init__(
        self,
        state: str = ":memory:",
        domain: str = "acme-rpm",
        keys: Iterable[str] = ("key-people", "key-background"),
        gap_seconds: float = 1.0,
        stage_seconds: float = 20.0,
        demo: bool = False,
        live_seconds: float = 5,
        clock: Callable[[], datetime] | None = None,
        seed: int = 7,
        control_token: str = "control",  # noqa: S107  a default for tests on loopback
    ) -> None:
        self.world = World(
            store=Store(str(state)), clock=Clock(clock), domain=domain, seed=seed, stage_seconds=stage_seconds
        )
        self.demo, self.live_seconds, self.control_token = demo, live_seconds, control_token
        self.vendor = Vendor(self.world, keys=tuple(keys), gap_seconds=gap_seconds)
        self.faults, self.requests, self.limits = self.vendor.faults, self.vendor.requests, self.vendor.limits
        self.webhooks = self.world.outbox
        self.lifecycle = Lifecycle(self.world)
        self._fill()

    def _fill(self) -> None:
        """What a new state file holds."""
        with self.world.change():
            if not self.world.store.get("meta", "made"):
                self.world.store.put("meta", "made", {"at": self.world.clock.stamp()})
                gateways.make_free(self.world)

    def __call__(self, environ: Json, start_response: Callable[..., Any]) -> Iterable[bytes]:
        request = Request.from_environ(environ)
        return respond(self.vendor.answer(request), start_response)

    def start(self) -> None:
        self.webhooks.start()
        self.lifecycle.start()

    def stop(self) -> None:
        self.lifecycle.stop()
        self.webhooks.stop()

    def close(self) -> None:
        self.stop()
        self.world.store.close()

    # Handles for tests; the control endpoint offers the same

    def advance(self, seconds: float) -> int:
        """Push the lifecycle clock; the number of steps that parcels made."""
        return self.lifecycle.advance(seconds)

    def device(self, hwi_device_id: str) -> Json:
        """The raw document of a device, the simulator's own keys included."""
        return devices.found(self.world, hwi_device_id)

    def devices(self) -> list[Json]:
        return self.world.store.all("device")

    def ship(self, hwi_device_id: str) -> None:
        """Ship one device now, e.g. a `Pending Shipment` of the client's own."""
        with self.world.change():
            document = self.device(hwi_device_id)
            fulfillment.ship(self.world, document)
            devices.save(self.world, document)

    def deliver_webhooks(self) -> list[Json]:
        """Send what waits, on this thread (for tests without `start()`)."""
        return self.webhooks.deliver()
