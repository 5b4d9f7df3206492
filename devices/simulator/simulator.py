"""The simulated vendor: a WSGI application with control hooks for tests."""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from devices.simulator.api import gateways
from devices.simulator.api.app import VendorApi
from devices.simulator.api.fulfillment import Lifecycle
from devices.simulator.control_hooks import ControlHooks
from devices.simulator.demo.live_readings import LiveReadings, take_reading
from devices.simulator.demo.seed import catch_up_history, seed_demo_account
from devices.simulator.runtime.clock import Clock
from devices.simulator.runtime.control_api import CONTROL_PREFIX, ControlApi
from devices.simulator.runtime.messages import Json, Request
from devices.simulator.runtime.periodic_thread import PeriodicThread
from devices.simulator.runtime.state import SimulatorState
from devices.simulator.runtime.store import Store


class Simulator(ControlHooks):
    """`app(environ, start_response)`. No thread runs and no webhook leaves before `start()`.

    state: path of the state file, or ":memory:". gap_seconds: least time between two requests of one key (real
    time). stage_seconds: length of one stage of a parcel. live_seconds: between live readings of the demo.
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
        self.demo = demo
        self.vendor = VendorApi(self.state, keys=tuple(keys), gap_seconds=gap_seconds)
        self.faults, self.requests, self.throttle = self.vendor.faults, self.vendor.requests, self.vendor.limits
        self.webhooks = self.state.webhook_sender
        self.lifecycle = Lifecycle(self.state, take_reading)
        self.live, self.live_seconds = LiveReadings(self.state), live_seconds
        self.lifecycle_thread = PeriodicThread("lifecycle", self.lifecycle.run_due)
        self.live_thread = PeriodicThread("live", self.live.send_next_reading)
        demo_actions = {
            ("POST", "live"): lambda _: self.live.send_next_reading(),
            ("POST", "reset"): lambda _: self.reset(),
        }
        self.control = ControlApi(self.control_actions() | demo_actions, lock=self.state.lock, token=control_token)
        if demo:  # rates that every account of the vendor sees
            self.webhooks.configure(duplicate_rate=0.03, late_rate=0.04, late_seconds=6.0)
        self.seed_state_file()

    def seed_state_file(self) -> None:
        """Fill a new state file; in an older one of the demo, add the readings since its last one."""
        with self.state.transaction():
            if self.state.store.get("meta", "made"):
                if self.demo:
                    catch_up_history(self.state)
                return
            self.state.store.put("meta", "made", {"at": self.state.clock.stamp()})
            for gateway_uuid in (*gateways.FREE_GATEWAYS, *gateways.FREE_IMEIS):
                gateways.create_gateway(self.state, gateway_uuid)
            if self.demo:
                seed_demo_account(self.state)

    def __call__(self, environ: Json, start_response: Callable[..., Any]) -> Iterable[bytes]:
        request = Request.from_environ(environ)
        target = self.control if request.path.startswith(CONTROL_PREFIX) else self.vendor
        return target.handle_request(request).send(start_response)

    def start(self) -> None:
        self.webhooks.start()
        self.lifecycle_thread.start(max(0.02, min(0.25, self.state.stage_seconds / 4)))
        if self.demo:
            self.live_thread.start(self.live_seconds)

    def reset(self) -> None:
        """Restore state, log, faults and waiting webhooks to those of a new state file."""
        with self.state.transaction():
            self.state.store.clear()
            self.state.lifecycle_offset = 0.0
            self.seed_state_file()
        self.faults.clear()
        self.requests.clear()
        self.webhooks.clear()

    def stop(self) -> None:
        self.live_thread.stop()
        self.lifecycle_thread.stop()
        self.webhooks.stop()

    def close(self) -> None:
        self.stop()
        self.state.store.close()
