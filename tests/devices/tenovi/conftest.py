"""The real client on the simulator, on scripted answers, or on a server that misbehaves."""

import datetime as dt
import json
import socket
import threading
import time
from contextlib import ExitStack

import httpx2
import pytest
import stamina

from devices.simulator import Simulator
from devices.tenovi import ApiKey, Gate, ShipTo, TenoviClient, VendorPatient, http_client
from devices.tenovi.rate_limiter import Slot
from tests.patience import PATIENCE_SECONDS

DOMAIN = "vitals-test"
KEY = "key-people"


class OpenGate(Gate):
    """A gate without a database: lets everybody pass at once and remembers what it was told."""

    def __init__(self):
        super().__init__([ApiKey(KEY)], gap_seconds=0.0, person=True)
        self.taken = self.given_back = 0
        self.penalties, self.bad = [], []

    def take(self, *, max_wait, prepare=None):
        self.taken += 1
        now = time.monotonic()
        return Slot(self.keys[0], self.keys[0].bucket, dt.datetime.now(dt.UTC), earliest=now, opens=now)

    def give_back(self, slot):
        self.given_back += 1

    def penalise(self, slot, seconds):
        self.penalties.append(seconds)

    def mark_bad(self, slot, reason):
        self.bad.append(reason)


class Ledger(httpx2.BaseTransport):
    """Passes on to another transport and keeps what went over it."""

    def __init__(self, inner):
        self.inner, self.requests, self.bodies = inner, [], []

    def handle_request(self, request):
        self.requests.append(request)
        response = self.inner.handle_request(request)
        self.bodies.append(response.read())
        return response

    @property
    def documents(self):
        return [json.loads(body) for body in self.bodies if body]


@pytest.fixture(autouse=True)
def no_pauses_between_tries():
    stamina.set_testing(True, attempts=6, cap=True)
    yield
    stamina.set_testing(False)


@pytest.fixture
def gate():
    return OpenGate()


@pytest.fixture
def build(gate):
    """Clients that are closed afterwards."""
    with ExitStack() as open_clients:

        def building(*, transport=None, base_url="http://tenovi.invalid"):
            client = TenoviClient(base_url=base_url, domain=DOMAIN, gate=gate, max_wait=1.0, transport=transport)
            return open_clients.enter_context(client)

        yield building


@pytest.fixture
def sim():
    simulator = Simulator(domain=DOMAIN, keys=(KEY,), gap_seconds=0.0)
    yield simulator
    simulator.close()


@pytest.fixture
def ledger(sim):
    return Ledger(httpx2.WSGITransport(app=sim))


@pytest.fixture
def client(build, ledger):
    return build(transport=ledger)


@pytest.fixture
def answering(build):
    """A client whose vendor answers with these, one after the other and the last one for ever. An exception is raised;
    bytes and (status, data, headers) are answers; anything else is JSON with 200. `client.asked` counts."""

    def make(*script):
        waiting = list(script)

        def handler(request):
            client.asked.append(request)
            answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
            if isinstance(answer, Exception):
                raise answer
            status, data, headers = (*answer, {})[:3] if isinstance(answer, tuple) else (200, answer, {})
            content = {"content": data} if isinstance(data, bytes) else {"json": data}
            return httpx2.Response(status, headers=headers, **content)

        client = build(transport=httpx2.MockTransport(handler))
        client.asked = []
        return client

    return make


@pytest.fixture
def server(build, monkeypatch):
    """A server of one function per connection, and a client on it with all the time in the world."""
    monkeypatch.setattr(http_client, "CALL_SECONDS", PATIENCE_SECONDS)
    monkeypatch.setattr(http_client, "TIMEOUTS", {"read": PATIENCE_SECONDS, "write": PATIENCE_SECONDS})
    monkeypatch.setattr(http_client, "READ_TRIES", 1)
    with ExitStack() as open_sockets:

        def serve(act, *, wrap=lambda connection: connection, scheme="http"):
            listener = open_sockets.enter_context(socket.create_server(("127.0.0.1", 0)))
            threading.Thread(target=accept, args=(listener, act, wrap), daemon=True).start()
            return build(base_url=f"{scheme}://localhost:{listener.getsockname()[1]}")

        yield serve


@pytest.fixture
def calls_end_after_a_second(monkeypatch, server):
    """Each byte may take as long as ever."""
    monkeypatch.setattr(http_client, "CALL_SECONDS", 1.0)


@pytest.fixture
def silence_ends_after_a_second(monkeypatch, server):
    """The call may take as long as ever."""
    monkeypatch.setattr(http_client, "TIMEOUTS", {"read": 1.0, "write": 1.0})


def accept(listener, act, wrap):
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:  # the test is over
            return
        threading.Thread(target=converse, args=(connection, act, wrap), daemon=True).start()


def converse(connection, act, wrap):
    """A client that hangs up ends the conversation, whatever the script still wanted to say."""
    try:
        with wrap(connection) as wrapped:
            while wrapped.recv(65536):
                if act(wrapped) == "close":
                    return
    except OSError:
        return


@pytest.fixture
def reply():
    """The bytes of an honest answer."""

    def make(body, status="200 OK", **headers):
        body = body if isinstance(body, bytes) else body.encode()
        lines = {"Content_Length": str(len(body)), "Content_Type": "application/json"} | headers
        head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in lines.items())
        return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body

    return make


@pytest.fixture
def rosa():
    return VendorPatient(external_id="pt-7f3c", name="Rosa Quill", phone_number="6035550142")


@pytest.fixture
def order(rosa):
    """Arguments of `order_device`."""
    address = {"name": "Rosa Quill", "address": "9 Elm Ct Apt 2", "city": "Dover", "state": "NH", "zip_code": "03820"}
    ship_to = ShipTo(**address, client_notes="V23456789")
    return {"name": "Tenovi Scale", "gateway": None, "patient": rosa, "ship_to": ship_to}


@pytest.fixture
def scale(client, order):
    return client.order_device(**order)


@pytest.fixture
def monitor(client, rosa):
    """A blood pressure monitor in use, with one reading."""
    return client.activate_device(name="Tenovi BPM - L", hardware_uuid="a1b2-c3d4-e5f6", patient=rosa)
