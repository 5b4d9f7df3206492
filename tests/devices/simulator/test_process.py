"""The simulator as a process: real time, real sockets, really broken."""

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
from tests.patience import PATIENCE_SECONDS

HEADERS = {"Authorization": "Api-Key key-a"}


def start(*words):
    env = {"PATH": os.environ["PATH"], "SIMULATOR_KEYS": "key-a,key-b", "SIMULATOR_CONTROL": "token"}
    command = [sys.executable, "-m", "devices.simulator", "--bind", "127.0.0.1:0", *words]
    process = subprocess.Popen(command, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True)
    line = process.stdout.readline()
    return process, re.fullmatch(r"simulator ready on (http://127\.0\.0\.1:\d+)\n", line).group(1)


def until(holds):
    end = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


@pytest.fixture(scope="module")
def url():
    process, address = start("--stage-seconds", "0.2", "--gap-seconds", "0")
    yield address
    process.terminate()
    assert process.wait(PATIENCE_SECONDS) == 0
    process.stdout.close()


@pytest.fixture
def ask(url):
    with httpx2.Client(base_url=f"{url}/clients/acme-rpm/hwi/", headers=HEADERS, timeout=PATIENCE_SECONDS) as client:
        yield client


@pytest.fixture
def control(url):
    with httpx2.Client(base_url=f"{url}/_control/", headers={"X-Control": "token"}, timeout=PATIENCE_SECONDS) as client:
        client.post("reset")
        yield client


def test_sigterm_ends_it_cleanly_and_its_state_stays(tmp_path):
    words = ("--state", str(tmp_path / "v"), "--domain", "d")
    process, address = start(*words)
    body = {"device": {"name": "Tenovi Scale", "hardware_uuid": "A1B2C3D4E5F6"}}
    httpx2.post(f"{address}/clients/d/hwi/hwi-devices/", headers=HEADERS, json=body, timeout=PATIENCE_SECONDS)
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE_SECONDS) == 0
    process.stdout.close()

    process, address = start(*words)
    listed = httpx2.get(f"{address}/clients/d/hwi/hwi-devices/", headers=HEADERS, timeout=PATIENCE_SECONDS).json()
    process.send_signal(signal.SIGINT)

    assert process.wait(PATIENCE_SECONDS) == 0
    process.stdout.close()
    assert [each["device"]["name"] for each in listed] == ["Tenovi Scale"]


def test_two_requests_of_one_key_within_the_gap_are_too_many_over_the_wire(ask, control):
    control.post("limits", json={"gap_seconds": 10 * PATIENCE_SECONDS})
    try:
        statuses = [ask.get("webhooks/").status_code]
        statuses.append(ask.get("webhooks/").status_code)
        control.post("limits", json={"gap_seconds": 0.1})
        time.sleep(0.1)
        statuses.append(ask.get("webhooks/").status_code)
    finally:
        control.post("limits", json={"gap_seconds": 0})

    assert statuses == [200, 429, 200]


def test_a_connection_is_kept_for_the_next_request(url):
    connection = HTTPConnection(url.removeprefix("http://"), timeout=PATIENCE_SECONDS)
    used = []
    with contextlib.closing(connection):
        for _ in range(2):
            connection.request("GET", "/clients/acme-rpm/hwi/webhooks/", headers={"Authorization": "Api-Key key-b"})
            used.append(connection.sock)
            assert connection.getresponse().read() == b"[]"

    assert used[0] is used[1]


@pytest.mark.parametrize(("kind", "made"), [("reset_before", 0), ("reset_after", 1)])
def test_a_reset_is_a_real_one(ask, control, kind, made):
    control.post("faults", json={"kind": kind, "match": {"method": "POST"}})
    body = {"device": {"name": "Tenovi Scale", "hardware_uuid": "A1B2C3D4E5F6"}}

    with pytest.raises(httpx2.ReadError, match="reset"):
        ask.post("hwi-devices/", json=body)

    assert len(control.get("devices").json()) == made


def test_a_truncated_body_ends_with_the_connection(ask, control):
    control.post("faults", json={"kind": "truncate"})

    with pytest.raises(httpx2.RemoteProtocolError, match="complete"):
        ask.get("hwi-device-types/")


def test_a_drip_sends_a_byte_at_a_time(ask, control):
    control.post("faults", json={"kind": "drip", "seconds": 0.05})
    began = time.monotonic()

    assert ask.get("webhooks/").content == b"[]"
    assert time.monotonic() - began >= 0.04


def test_a_client_that_gave_up_waiting_had_its_order_applied_all_the_same(ask, control):
    control.post("faults", json={"kind": "delay_after", "seconds": 3, "match": {"method": "POST"}})
    body = {"device": {"name": "Tenovi Scale", "hardware_uuid": "A1B2C3D4E5F6"}}

    with pytest.raises(httpx2.ReadTimeout):
        ask.post("hwi-devices/", json=body, timeout=httpx2.Timeout(PATIENCE_SECONDS, read=0.2))

    until(lambda: len(control.get("devices").json()) == 1)


def test_twenty_mebibytes_arrive(ask, control):
    control.post("faults", json={"kind": "big"})

    assert len(ask.get("hwi-devices/", timeout=PATIENCE_SECONDS).content) > 20 * 1024 * 1024


class Ear(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.heard.append((self.path, self.headers["Authorization"], body))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *args):
        """Silent."""


@pytest.fixture
def ear():
    with HTTPServer(("127.0.0.1", 0), Ear) as server:
        server.heard = []
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_dropship_is_told_over_the_wire_until_its_first_readings(ask, control, ear):
    address = f"http://127.0.0.1:{ear.server_port}"
    for event in ("MEASUREMENT", "FULFILLMENT"):
        hook = {"endpoint": f"{address}/{event}/", "event": event, "auth_header": "Token s"}
        ask.post("webhooks/", json=hook)
    ask.post("hwi-devices/", json={"device": {"name": "Tenovi Scale", "fulfillment_request": {}}})

    until(lambda: sum(path == "/MEASUREMENT/" for path, _, _ in ear.heard) >= 2)

    words = b"".join(body for path, _, body in ear.heard if path == "/FULFILLMENT/")
    assert all(
        word in words for word in (b"Dropship Requested", b"Ready to Ship", b"hipped", b"Delivered", b"Connected")
    )
    assert {header for _, header, _ in ear.heard} == {"Token s"}
    assert all(line["answer"] == 204 for line in control.get("webhooks").json()["sent"])
