"""Webhook receiver for tests: a second gunicorn beside the stack, on the same database, for raw sockets and signals."""

import contextlib
import signal
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg

from config.launcher.paths import ROOT
from config.launcher.processes import OrphanReaper, Process
from config.launcher.stack import accepts_connections, find_free_port
from tests.timeouts import LONG_WAIT_TIMEOUT_SECONDS, WAIT_TIMEOUT_SECONDS

HOST = "127.0.0.1"
WEBHOOK_PATH = "/hooks/tenovi/measurements/"


@dataclass
class RawResponse:
    status: int
    head: str
    body: bytes


@dataclass
class WebhookReceiver:
    port: int
    process: Process
    secrets: Path  # the file that the web processes read at boot
    database: str

    def rotate(self, *values):
        """New secrets, and a reload of the web processes as an operator would do it."""
        self.secrets.write_text(",".join(values))
        self.process.send(signal.SIGHUP)

    def raw(self, *pieces, pause=0.0, half_close=False):
        """Send these bytes, piece by piece, and read the answer (None: the connection ended without one)."""
        with socket.create_connection((HOST, self.port), timeout=WAIT_TIMEOUT_SECONDS) as sock:
            with contextlib.suppress(ConnectionError):
                for piece in pieces:
                    sock.sendall(piece)
                    time.sleep(pause)
                if half_close:
                    sock.shutdown(socket.SHUT_WR)
            return read_response(sock)

    def post(self, body, *headers, path=WEBHOOK_PATH, secret=None, method="POST", length=None, **options):
        secret = self.secrets.read_text().split(",")[0] if secret is None else secret
        announced = len(body) if length is None else length
        lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: {secret}", "Connection: close"]
        framing = [] if announced is False else [f"Content-Length: {announced}"]
        return self.raw("\r\n".join([*lines, *framing, *headers, "", ""]).encode("latin-1") + body, **options)

    def stored_count(self, body):
        """How often exactly these bytes are in the inbox."""
        return self.ask("SELECT count(*) FROM devices_delivery WHERE body = %s", body)[0][0]

    def ask(self, query, *values):
        with psycopg.connect(self.database) as connection:
            return connection.execute(query, values).fetchall()


def read_response(sock):
    data = b""
    with contextlib.suppress(ConnectionError):
        while piece := sock.recv(65_536):
            data += piece
    if not data:
        return None
    head, _, body = data.partition(b"\r\n\r\n")
    return RawResponse(int(head.split()[1]), head.decode("latin-1"), body)


@contextlib.contextmanager
def run_webhook_receiver(stack, folder, **environment):
    port, secrets = find_free_port(), folder / "webhook-secrets"
    env = {**stack.env, "BIND": f"{HOST}:{port}", "TENOVI_WEBHOOK_SECRETS_FILE": str(secrets), **environment}
    secrets.write_text(env.pop("TENOVI_WEBHOOK_SECRETS"))
    words = [sys.executable, "-m", "gunicorn", "--config", ROOT / "config" / "gunicorn.py", "config.wsgi:application"]
    with OrphanReaper() as reaper:
        process = Process("receiver", words, reaper=reaper, log=stack.plan.state / "logs" / "receiver.log", env=env)
        process.start()
        try:
            wait_until(lambda: process.check() or accepts_connections(HOST, port))
            yield WebhookReceiver(port, process, secrets, env["DATABASE_URL"])
        finally:
            process.stop()


def wait_until(ready):
    deadline = time.monotonic() + LONG_WAIT_TIMEOUT_SECONDS
    while not ready():
        assert time.monotonic() < deadline, f"not after {LONG_WAIT_TIMEOUT_SECONDS} s"
        time.sleep(0.1)
