"""HTTP server of the simulator: threads, keep-alive, and faults that really break the connection."""

import socket
import struct
import sys
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes

from devices.simulator.runtime.messages import ConnectionFault, Json

WsgiApplication = Callable[[Json, Callable[..., Any]], Iterable[bytes]]
MAX_BODY_BYTES = 64 * 1024 * 1024  # the control endpoint takes readings by the thousand


class SimulatorServer(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], application: WsgiApplication) -> None:
        super().__init__(address, RequestHandler)
        self.application = application

    @property
    def url(self) -> str:
        host, port = self.socket.getsockname()[:2]
        return f"http://{host}:{port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is ignored; anything else is an error of the simulator and prints its traceback."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class RequestHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 64 * 1024
    timeout = 120
    server: SimulatorServer

    def __getattr__(self, name: str) -> Callable[[], None]:
        if name.startswith("do_"):  # the application answers every method
            return self.serve_request
        raise AttributeError(name)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class's name
        """Silent: `/_control/requests` is the log."""

    def serve_request(self) -> None:
        try:
            chunks = self.server.application(self.build_environ(), self.start_response)
            for chunk in chunks:
                self.wfile.write(chunk)
                self.wfile.flush()
                self._sent_bytes += len(chunk)
        except ConnectionFault:  # RST instead of an answer: closing with a linger of 0 seconds drops all data
            self.close_connection = True
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.rfile.close()
            self.connection.close()
            return
        if self._sent_bytes < self._promised_bytes:
            self.close_connection = True  # a truncated answer ends with the connection

    def build_environ(self) -> Json:
        path, _, query = self.path.partition("?")
        body = self.rfile.read(min(int(self.headers.get("Content-Length") or 0), MAX_BODY_BYTES))
        environ: Json = {
            "REQUEST_METHOD": self.command,
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": BytesIO(body),
        }
        for name, value in self.headers.items():
            environ.setdefault(f"HTTP_{name.upper().replace('-', '_')}", value)
        return environ

    def start_response(self, status: str, headers: list[tuple[str, str]]) -> None:
        code, _, words = status.partition(" ")
        self.send_response(int(code), words)
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self._promised_bytes, self._sent_bytes = int(dict(headers)["Content-Length"]), 0


def parse_bind_address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host or "127.0.0.1", int(port)
