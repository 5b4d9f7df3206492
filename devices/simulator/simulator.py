"""The simulated vendor as one object: a WSGI application with handles for tests."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from devices.simulator.api import gateways
from devices.simulator.api.app import Vendor, respond
from devices.simulator.api.fulfillment import Lifecycle
from devices.simulator.control_hooks import Handles
from devices.simulator.demo import seed as story
from devices.simulator.demo.live_readings import Live
from devices.simulator.runtime.clock import Clock
from devices.simulator.runtime.control_api import PREFIX, Control
from devices.simulator.runtime.messages import Json, Request
from devices.simulator.runtime.state import World
from devices.simulator.runtime.store import Store


class Simulator(Handles):
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
        self.demo, self.control_token = demo, control_token
        self.vendor = Vendor(self.world, keys=tuple(keys), gap_seconds=gap_seconds)
        self.faults, self.requests, self.limits = self.vendor.faults, self.vendor.requests, self.vendor.limits
        self.webhooks = self.world.outbox
        self.control = Control(self)
        self.lifecycle = Lifecycle(self.world)
        self.live = Live(self.world, live_seconds)
        if demo:  # what every account lives with
            self.webhooks.configure(duplicate_rate=0.03, late_rate=0.04, late_seconds=6.0)
        self._fill()

    def _fill(self) -> None:
        """What a new state file holds; an older one of the demo catches up with the days between."""
        with self.world.change():
            if self.world.store.get("meta", "made"):
                if self.demo:
                    story.catch_up(self.world)
                return
            self.world.store.put("meta", "made", {"at": self.world.clock.stamp()})
            gateways.make_free(self.world)
            if self.demo:
                story.fill(self.world)

    def __call__(self, environ: Json, start_response: Callable[..., Any]) -> Iterable[bytes]:
        request = Request.from_environ(environ)
        asked = self.control if request.path.startswith(PREFIX) else self.vendor
        return respond(asked.answer(request), start_response)

    def start(self) -> None:
        self.webhooks.start()
        self.lifecycle.start()
        if self.demo:
            self.live.start()

    def reset(self) -> None:
        """Everything as on the first day: state, log, faults and waiting webhooks."""
        with self.world.change():
            self.world.store.clear()
            self.world.lifecycle_offset = 0.0
            self._fill()
        self.faults.clear()
        self.requests.clear()
        self.webhooks.clear()

    def stop(self) -> None:
        self.live.stop()
        self.lifecycle.stop()
        self.webhooks.stop()

    def close(self) -> None:
        self.stop()
        self.world.store.close()
