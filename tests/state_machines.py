"""Random walks over the whole way of a call or a device: Hypothesis picks the steps, the vendor's ledger judges."""

import io
import json
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import httpx2
import time_machine
from django.db import transaction
from django.utils import timezone
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

from devices.simulator import Simulator
from devices.tenovi import TenoviClient
from tests.report_notes import FUZZ_SEED
from tests.simulated_vendor import DOMAIN, KEY, UnlimitedRateLimiter

START_TIME = "2026-11-21T09:00:00+00:00"
REJECTED_STATUSES = (301, 302, 400, 401, 403, 404, 405, 429)  # readable: it did not take effect


def run_state_machine(machine, *, runs, steps, remark):
    """`runs` walks of at most `steps` steps, each in a database that forgets it."""
    remark(f"{runs} random sequences of {steps} steps")
    chosen = settings(
        max_examples=runs,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate, Phase.shrink],
    )
    run_state_machine_as_test(seed(FUZZ_SEED)(machine), settings=chosen)


@contextmanager
def rolled_back_transaction():
    """A transaction that counts as a test's own (claims commit inside of it) and is rolled back."""
    block = transaction.atomic()
    block._from_testcase = True
    with block:
        yield
        transaction.set_rollback(True)


@dataclass
class RecordedRequest:
    """One request as the vendor's side saw it."""

    at: object
    method: str
    path: str
    environ: dict = field(repr=False)
    body: bytes = b""
    status: int | None = None  # None: the connection broke
    answer: bytes = b""
    made: list = field(default_factory=list)  # ids of devices that it created, late or not

    @property
    def key(self):
        """Our reference, or the gateway of an activated device."""
        device = json.loads(self.body)["device"]
        order = device.get("fulfillment_request")
        return order["client_notes"].split()[0] if order else device["hardware_uuid"]

    @property
    def listed(self):
        """Ids of the devices in a complete answer; None where it can't be read."""
        try:
            return [row["id"] for row in json.loads(self.answer)["results"]] if self.status == 200 else None
        except (ValueError, KeyError, TypeError):
            return None


class RequestRecorder:
    """Between our client and the simulator: what was asked, and what became of it."""

    def __init__(self, sim):
        self.sim, self.lines = sim, []

    def __call__(self, environ, start_response):
        body = environ["wsgi.input"].read()
        line = RecordedRequest(timezone.now(), environ["REQUEST_METHOD"], environ["PATH_INFO"], environ, body)
        self.lines.append(line)
        return [self._through(line, start_response)]

    def _through(self, line, start_response):
        before = self._ids()

        def started(status, headers, *rest):
            line.status = int(status.split()[0])
            return start_response(status, headers, *rest)

        try:
            line.answer = b"".join(self.sim({**line.environ, "wsgi.input": io.BytesIO(line.body)}, started))
            return line.answer
        finally:
            line.made += sorted(self._ids() - before)

    def _ids(self):
        return {device["id"] for device in self.sim.devices()}

    def posts(self, key=None):
        found = [line for line in self.lines if line.method == "POST" and line.path.endswith("/hwi-devices/")]
        return [line for line in found if key in (None, line.key)]

    def made(self, key):
        return [made for line in self.posts(key) for made in line.made]

    def record_writes(self):
        """Requests that write a patient's record."""
        return [line for line in self.lines if line.method in ("POST", "PUT") and "/hwi-patients/" in line.path]

    def device_writes(self):
        """Requests that change a device that exists: its patient or a property."""
        return [line for line in self.lines if line.method in ("POST", "PUT") and "/hwi-devices/" in line.path[:-1]]

    def lists(self):
        return [line for line in self.lines if line.method == "GET" and line.path.endswith("/hwi-devices/")]

    def apply_late(self, line):
        """A request that was lost arrives after all. Its answer is not received, so the line is unchanged."""
        before = self._ids()
        with self.sim.faults.suspended():
            b"".join(self.sim({**line.environ, "wsgi.input": io.BytesIO(line.body)}, lambda *_: None))
        line.made += sorted(self._ids() - before)


class VendorStateMachine(RuleBasedStateMachine):
    """The real client on the simulator, one clock for both sides, without waiting."""

    def __init__(self):
        super().__init__()
        self.stack = ExitStack()
        self.clock = self.stack.enter_context(time_machine.travel(START_TIME, tick=True))
        self.stack.enter_context(rolled_back_transaction())
        self.sim = Simulator(domain=DOMAIN, keys=(KEY, "background-key"), gap_seconds=0.0)
        self.stack.callback(self.sim.close)
        self.ledger = RequestRecorder(self.sim)
        self.client = self.stack.enter_context(
            TenoviClient(
                base_url="http://tenovi.invalid",
                domain=DOMAIN,
                rate_limiter=UnlimitedRateLimiter(),
                max_wait=1.0,
                transport=httpx2.WSGITransport(app=self.ledger),
            )
        )

    def teardown(self):
        try:
            self.comes_to_rest()
        finally:
            self.stack.close()

    def comes_to_rest(self):
        """What must be true once everything is quiet."""
