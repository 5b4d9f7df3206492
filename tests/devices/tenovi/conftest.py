"""Fixtures: the real client on the simulator, on scripted responses, or on a faulty server."""

import json
import socket
import threading
from contextlib import ExitStack

import httpx2
import pytest
import stamina

from devices.simulator import Simulator
from devices.tenovi import ShipTo, TenoviClient, VendorPatient, http_client
from tests.simulated_vendor import UnlimitedRateLimiter
from tests.timeouts import WAIT_TIMEOUT_SECONDS

DOMAIN = "vitals-test"
KEY = "key-people"


class RecordingTransport(httpx2.BaseTransport):
    """Forwards to another transport and records requests and bodies."""

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
def rate_limiter():
    return UnlimitedRateLimiter(KEY)


@pytest.fixture
def build_client(rate_limiter):
    """Clients that are closed afterwards."""
    with ExitStack() as open_clients:

        def building(*, transport=None, base_url="http://tenovi.invalid"):
            client = TenoviClient(
                base_url=base_url, domain=DOMAIN, rate_limiter=rate_limiter, max_wait=1.0, transport=transport
            )
            return open_clients.enter_context(client)

        yield building


@pytest.fixture
def sim():
    simulator = Simulator(domain=DOMAIN, keys=(KEY,), gap_seconds=0.0)
    yield simulator
    simulator.close()


@pytest.fixture
def recording_transport(sim):
    return RecordingTransport(httpx2.WSGITransport(app=sim))


@pytest.fixture
def client(build_client, recording_transport):
    return build_client(transport=recording_transport)


@pytest.fixture
def client_with_responses(build_client):
    """A client whose vendor responds with these, one after the other, and repeats the last one. An exception is raised;
    bytes and (status, data, headers) are responses; anything else is JSON with 200. `client.asked` records requests."""

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

        client = build_client(transport=httpx2.MockTransport(handler))
        client.asked = []
        return client

    return make


@pytest.fixture
def client_of_server(build_client, monkeypatch):
    """A server with one function per connection, and a client of it with long timeouts."""
    monkeypatch.setattr(http_client, "CALL_DEADLINE_SECONDS", WAIT_TIMEOUT_SECONDS)
    monkeypatch.setattr(
        http_client, "HTTP_TIMEOUTS_SECONDS", {"read": WAIT_TIMEOUT_SECONDS, "write": WAIT_TIMEOUT_SECONDS}
    )
    monkeypatch.setattr(http_client, "READ_ATTEMPTS", 1)
    with ExitStack() as open_sockets:

        def serve(act, *, wrap=lambda connection: connection, scheme="http"):
            listener = open_sockets.enter_context(socket.create_server(("127.0.0.1", 0)))
            threading.Thread(target=accept_connections, args=(listener, act, wrap), daemon=True).start()
            return build_client(base_url=f"{scheme}://localhost:{listener.getsockname()[1]}")

        yield serve


@pytest.fixture
def one_second_call_deadline(monkeypatch, client_of_server):
    """Each byte may take as long as ever."""
    monkeypatch.setattr(http_client, "CALL_DEADLINE_SECONDS", 1.0)


@pytest.fixture
def one_second_read_timeout(monkeypatch, client_of_server):
    """The call may take as long as ever."""
    monkeypatch.setattr(http_client, "HTTP_TIMEOUTS_SECONDS", {"read": 1.0, "write": 1.0})


def accept_connections(listener, act, wrap):
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:  # the test is over
            return
        threading.Thread(target=serve_connection, args=(connection, act, wrap), daemon=True).start()


def serve_connection(connection, act, wrap):
    """Run the script until the client closes the connection."""
    try:
        with wrap(connection) as wrapped:
            while wrapped.recv(65536):
                if act(wrapped) == "close":
                    return
    except OSError:
        return


@pytest.fixture
def http_response():
    """The bytes of a valid response."""

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
