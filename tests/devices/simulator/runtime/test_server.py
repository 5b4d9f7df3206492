"""The simulator as a process: real time, sockets and broken connections."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import threading
import time
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx2
import pytest

from config.launcher.paths import ROOT
from tests.timeouts import WAIT_TIMEOUT_SECONDS

HEADERS = {"Authorization": "Api-Key key-a"}


def start_simulator(*words):
    env = {"PATH": os.environ["PATH"], "SIMULATOR_KEYS": "key-a,key-b", "SIMULATOR_CONTROL": "token"}
    command = [sys.executable, "-m", "devices.simulator", "--bind", "127.0.0.1:0", *words]
    process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True)
    line = process.stdout.readline()
    return process, re.fullmatch(r"simulator ready on (http://127\.0\.0\.1:\d+)\n", line).group(1)


def wait_until(holds):
    end = time.monotonic() + WAIT_TIMEOUT_SECONDS
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture(scope="module")
def simulator_url():
    process, address = start_simulator("--stage-seconds", "0.2", "--gap-seconds", "0")
    yield address
    process.terminate()
    assert process.wait(WAIT_TIMEOUT_SECONDS) == 0
    process.stdout.close()


@pytest.fixture
def vendor_api(simulator_url):
    with httpx2.Client(
        base_url=f"{simulator_url}/clients/acme-rpm/hwi/", headers=HEADERS, timeout=WAIT_TIMEOUT_SECONDS
    ) as client:
        yield client


@pytest.fixture
def control_api(simulator_url):
    with httpx2.Client(
        base_url=f"{simulator_url}/_control/", headers={"X-Control": "token"}, timeout=WAIT_TIMEOUT_SECONDS
    ) as client:
        client.post("reset")
        yield client


def test_simulator_process_exits_cleanly_on_sigterm_and_restores_its_state(tmp_path):
    words = ("--state", str(tmp_path / "v"), "--domain", "d")
    process, address = start_simulator(*words)
    body = {"device": {"name": "Tenovi Scale", "hardware_uuid": "A1B2C3D4E5F6"}}
    httpx2.post(f"{address}/clients/d/hwi/hwi-devices/", headers=HEADERS, json=body, timeout=WAIT_TIMEOUT_SECONDS)
    process.send_signal(signal.SIGTERM)
    assert process.wait(WAIT_TIMEOUT_SECONDS) == 0
    process.stdout.close()

    process, address = start_simulator(*words)
    listed = httpx2.get(f"{address}/clients/d/hwi/hwi-devices/", headers=HEADERS, timeout=WAIT_TIMEOUT_SECONDS).json()
    process.send_signal(signal.SIGINT)

    assert process.wait(WAIT_TIMEOUT_SECONDS) == 0
    process.stdout.close()
    assert [each["device"]["name"] for each in listed] == ["Tenovi Scale"]


def test_simulator_process_returns_429_within_the_gap(vendor_api, control_api):
    control_api.post("limits", json={"gap_seconds": 10 * WAIT_TIMEOUT_SECONDS})
    try:
        statuses = [vendor_api.get("webhooks/").status_code]
        statuses.append(vendor_api.get("webhooks/").status_code)
        control_api.post("limits", json={"gap_seconds": 0.1})
        time.sleep(0.1)
        statuses.append(vendor_api.get("webhooks/").status_code)
    finally:
        control_api.post("limits", json={"gap_seconds": 0})

    assert statuses == [200, 429, 200]


def test_simulator_process_reuses_connections(simulator_url):
    connection = HTTPConnection(simulator_url.removeprefix("http://"), timeout=WAIT_TIMEOUT_SECONDS)
    used = []
    with contextlib.closing(connection):
        for _ in range(2):
            connection.request("GET", "/clients/acme-rpm/hwi/webhooks/", headers={"Authorization": "Api-Key key-b"})
            used.append(connection.sock)
            assert connection.getresponse().read() == b"[]"

    assert used[0] is used[1]


@pytest.mark.parametrize(("kind", "made"), [("reset_before", 0), ("reset_after", 1)])
def test_simulator_process_reset_fault_resets_the_connection(vendor_api, control_api, kind, made):
    control_api.post("faults", json={"kind": kind, "match": {"method": "POST"}})
    body = {"device": {"name": "Tenovi Scale", "hardware_uuid": "A1B2C3D4E5F6"}}

    with pytest.raises(httpx2.ReadError, match="reset"):
        vendor_api.post("hwi-devices/", json=body)

    assert len(control_api.get("devices").json()) == made


def test_simulator_process_truncate_fault_closes_the_connection(vendor_api, control_api):
    control_api.post("faults", json={"kind": "truncate"})

    with pytest.raises(httpx2.RemoteProtocolError, match="complete"):
        vendor_api.get("hwi-device-types/")


def test_simulator_process_drip_fault_sends_one_byte_at_a_time(vendor_api, control_api):
    control_api.post("faults", json={"kind": "drip", "seconds": 0.05})
    began = time.monotonic()

    assert vendor_api.get("webhooks/").content == b"[]"
    assert time.monotonic() - began >= 0.04


def test_simulator_process_applies_an_order_after_the_client_timed_out(vendor_api, control_api):
    control_api.post("faults", json={"kind": "delay_after", "seconds": 3, "match": {"method": "POST"}})
    body = {"device": {"name": "Tenovi Scale", "hardware_uuid": "A1B2C3D4E5F6"}}

    with pytest.raises(httpx2.ReadTimeout):
        vendor_api.post("hwi-devices/", json=body, timeout=httpx2.Timeout(WAIT_TIMEOUT_SECONDS, read=0.2))

    wait_until(lambda: len(control_api.get("devices").json()) == 1)


def test_simulator_process_big_fault_sends_20_mebibytes(vendor_api, control_api):
    control_api.post("faults", json={"kind": "big"})

    assert len(vendor_api.get("hwi-devices/", timeout=WAIT_TIMEOUT_SECONDS).content) > 20 * 1024 * 1024


class WebhookHandler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((self.path, self.headers["Authorization"], body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *args):
        """Silent."""


@pytest.fixture
def webhook_server():
    with HTTPServer(("127.0.0.1", 0), WebhookHandler) as server:
        server.received = []
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_simulator_process_sends_webhooks_from_dropship_to_first_readings(vendor_api, control_api, webhook_server):
    address = f"http://127.0.0.1:{webhook_server.server_port}"
    for event in ("MEASUREMENT", "FULFILLMENT"):
        hook = {"endpoint": f"{address}/{event}/", "event": event, "auth_header": "Token s"}
        vendor_api.post("webhooks/", json=hook)
    vendor_api.post("hwi-devices/", json={"device": {"name": "Tenovi Scale", "fulfillment_request": {}}})

    wait_until(lambda: sum(path == "/MEASUREMENT/" for path, _, _ in webhook_server.received) >= 2)

    words = b"".join(body for path, _, body in webhook_server.received if path == "/FULFILLMENT/")
    assert all(
        word in words for word in (b"Dropship Requested", b"Ready to Ship", b"hipped", b"Delivered", b"Connected")
    )
    assert {header for _, header, _ in webhook_server.received} == {"Token s"}
    assert all(line["answer"] == 204 for line in control_api.get("webhooks").json()["sent"])
