"""The simulated vendor as one object: a WSGI application with handles for tests."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from devices.simulator.api import gateways
from devices.simulator.api.app import VendorApi, send_response
from devices.simulator.api.fulfillment import Lifecycle
from devices.simulator.control_hooks import ControlHooks
from devices.simulator.demo import seed as story
from devices.simulator.demo.live_readings import LiveReadings
from devices.simulator.runtime.clock import Clock
from devices.simulator.runtime.control_api import CONTROL_PREFIX, ControlApi
from devices.simulator.runtime.messages import Json, Request
from devices.simulator.runtime.state import SimulatorState
from devices.simulator.runtime.store import Store


class Simulator(ControlHooks):
    """`app(environ, start_response)`. No thread runs and no webhook leaves before `start()`.

    state: path of the state file, or ":memory:". gap_seconds: least time between two requests of one key (real
    time). stage_seconds: one stage of a parcel's way. live_seconds: between live readings of the demo.
    """

    def __init__(
        self,
        state_path: str = ":memory:",
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
        self.state = SimulatorState(
            store=Store(str(state_path)), clock=Clock(clock), domain=domain, seed=seed, stage_seconds=stage_seconds
        )
        self.demo, self.control_token = demo, control_token
        self.vendor = VendorApi(self.state, keys=tuple(keys), gap_seconds=gap_seconds)
        self.faults, self.requests, self.throttle = self.vendor.faults, self.vendor.requests, self.vendor.limits
        self.webhooks = self.state.webhook_sender
        self.control = ControlApi(self)
        self.lifecycle = Lifecycle(self.state)
        self.live = LiveReadings(self.state, live_seconds)
        if demo:  # what every account lives with
            self.webhooks.configure(duplicate_rate=0.03, late_rate=0.04, late_seconds=6.0)
        self.seed_state_file()

    def seed_state_file(self) -> None:
        """What a new state file holds; an older one of the demo catches up with the days between."""
        with self.state.transaction():
            if self.state.store.get("meta", "made"):
                if self.demo:
                    story.catch_up_history(self.state)
                return
            self.state.store.put("meta", "made", {"at": self.state.clock.stamp()})
            gateways.create_free_gateways(self.state)
            if self.demo:
                story.seed_demo_account(self.state)

    def __call__(self, environ: Json, start_response: Callable[..., Any]) -> Iterable[bytes]:
        request = Request.from_environ(environ)
        asked = self.control if request.path.startswith(CONTROL_PREFIX) else self.vendor
        return send_response(asked.handle_request(request), start_response)

    def start(self) -> None:
        self.webhooks.start()
        self.lifecycle.start()
        if self.demo:
            self.live.start()

    def reset(self) -> None:
        """Everything as on the first day: state, log, faults and waiting webhooks."""
        with self.state.transaction():
            self.state.store.clear()
            self.state.lifecycle_offset = 0.0
            self.seed_state_file()
        self.faults.clear()
        self.requests.clear()
        self.webhooks.clear()

    def stop(self) -> None:
        self.live.stop()
        self.lifecycle.stop()
        self.webhooks.stop()

    def close(self) -> None:
        self.stop()
        self.state.store.close()
