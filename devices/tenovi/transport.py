"""HTTP transport with one connection that is opened before the rate limiter's slot, and a deadline for the whole call.

httpx2's own timeouts restart with every byte that arrives, so that one byte a second would block a worker for days.
Its connection pool connects only while a request is being sent, after the slot. Measured with four processes on one key
and 60 ms to connect (TCP and TLS at 30 ms round trip): the vendor saw requests 0.956 s apart and refused 8 of 24 with
429; with this transport the smallest distance was 1.035 s and none was refused. So it connects by `ensure_connected()`,
and each read and write gets what is left of the deadline.
"""

from __future__ import annotations

import contextlib
import functools
import socket
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpcore2
import httpx2

from .errors import SlotMissed

CONNECT_TIMEOUT_SECONDS = 5.0
READ_TIMEOUT_SECONDS = 20.0
CALL_DEADLINE_SECONDS = 30.0
# Shorter than the idle time of common servers, so that we seldom write into a connection that is being closed.
KEEPALIVE_SECONDS = 15.0
UNUSED_CONNECTION_SECONDS = 4.0  # servers wait less long for the first request than for the next one
HTTP_TIMEOUTS_SECONDS = {
    "connect": CONNECT_TIMEOUT_SECONDS,
    "read": READ_TIMEOUT_SECONDS,
    "write": READ_TIMEOUT_SECONDS,
}


@functools.cache
def verified_ssl_context() -> ssl.SSLContext:
    return httpx2.create_ssl_context(verify=True, trust_env=False)


@contextlib.contextmanager
def translate_httpcore_errors() -> Iterator[None]:
    """The two libraries use the same exception names; callers handle only httpx2's."""
    try:
        yield
    except (httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError) as error:
        raise getattr(httpx2, type(error).__name__)("") from error


class DeadlineStream(httpcore2.NetworkStream):
    """A socket whose every read and write ends at `deadline` (monotonic) at the latest.

    The first write of a request raises SlotMissed after `latest_write` (monotonic): the slot was checked before, but
    this thread may have been paused since, for tens of milliseconds on a busy machine.
    """

    def __init__(self, stream: httpcore2.NetworkStream) -> None:
        self.stream = stream
        self.deadline = 0.0
        self.latest_write: float | None = None

    def remaining_seconds(self, timeout: float | None, error: type[Exception]) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise error("the call took too long")
        return min(left, timeout or left)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self.stream.read(max_bytes, self.remaining_seconds(timeout, httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if self.latest_write is not None and time.monotonic() > self.latest_write:
            raise SlotMissed("the slot was over before the first byte")
        self.latest_write = None
        self.stream.write(buffer, self.remaining_seconds(timeout, httpcore2.WriteTimeout))

    def close(self) -> None:
        self.stream.close()

    def get_extra_info(self, info: str) -> Any:
        return self.stream.get_extra_info(info)


class ResponseStream(httpx2.SyncByteStream):
    def __init__(self, response: httpcore2.Response) -> None:
        self.response = response

    def __iter__(self) -> Iterator[bytes]:
        with translate_httpcore_errors():
            yield from self.response.iter_stream()

    def close(self) -> None:
        self.response.close()


@dataclass
class OpenConnection:
    """An open connection. `unused_until` is 0 as soon as a request was written."""

    stream: DeadlineStream
    connection: httpcore2.HTTP11Connection
    unused_until: float

    @property
    def is_connected(self) -> bool:
        if self.connection.is_idle():
            return not self.connection.has_expired()  # checks the socket, too
        # Not yet used, or abandoned with half a response unread. An unused socket can't be checked: session tickets
        # of TLS 1.3 make it readable.
        return time.monotonic() < self.unused_until


class DeadlineTransport(httpx2.BaseTransport):
    """For one thread and one origin. No redirects, no proxies, no cookies; TLS is always verified."""

    def __init__(self, base_url: str) -> None:
        url = httpx2.URL(base_url)
        self.secure, self.host = url.scheme == "https", url.host
        self.port = url.port or (443 if self.secure else 80)
        self.origin = httpcore2.Origin(url.raw_scheme, url.raw_host, self.port)
        self._connection: OpenConnection | None = None

    @property
    def is_connected(self) -> bool:
        return self._connection is not None and self._connection.is_connected

    def ensure_connected(self) -> OpenConnection:
        """Connect unless connected. Raises httpx2.ConnectError or ConnectTimeout, when nothing was sent."""
        if self._connection is not None and self._connection.is_connected:
            return self._connection
        self.close()
        with translate_httpcore_errors():
            stream = DeadlineStream(self.open_stream())
        connection = httpcore2.HTTP11Connection(self.origin, stream, KEEPALIVE_SECONDS)
        self._connection = OpenConnection(stream, connection, unused_until=time.monotonic() + UNUSED_CONNECTION_SECONDS)
        return self._connection

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """`request.extensions["deadline"]` is the monotonic time at which the answer must have been read. Raises
        SlotMissed when nothing was written until `request.extensions["latest_write"]`."""
        link = self.ensure_connected()
        link.unused_until = 0.0
        link.stream.deadline = request.extensions["deadline"]
        link.stream.latest_write = request.extensions["latest_write"]
        with translate_httpcore_errors():
            url = httpcore2.URL(
                scheme=request.url.raw_scheme,
                host=request.url.raw_host,
                port=request.url.port,
                target=request.url.raw_path,
            )
            response = link.connection.handle_request(
                httpcore2.Request(
                    request.method,
                    url,
                    headers=request.headers.raw,
                    content=request.read(),
                    extensions=request.extensions,
                )
            )
        return httpx2.Response(response.status, headers=response.headers, stream=ResponseStream(response))

    def close(self) -> None:
        if self._connection is not None:
            self._connection.connection.close()
        self._connection = None

    def open_stream(self) -> httpcore2.NetworkStream:
        stream = self.connect_to_first_address()
        if not self.secure:
            return stream
        try:
            return stream.start_tls(verified_ssl_context(), server_hostname=self.host, timeout=CONNECT_TIMEOUT_SECONDS)
        except BaseException:
            stream.close()
            raise

    def connect_to_first_address(self) -> httpcore2.NetworkStream:
        """A name with several addresses gets CONNECT_TIMEOUT_SECONDS in all, not each."""
        deadline = time.monotonic() + CONNECT_TIMEOUT_SECONDS
        # The resolver has its own time limit (resolv.conf); the C library offers no other.
        try:
            found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise httpcore2.ConnectError("name not resolved") from error
        failure: Exception = httpcore2.ConnectTimeout("no address answered in time")
        for address in dict.fromkeys(str(address[4][0]) for address in found):
            if (left := deadline - time.monotonic()) <= 0:
                break
            try:
                return httpcore2.SyncBackend().connect_tcp(address, self.port, timeout=left, socket_options=[])
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as failed:
                failure = failed
        raise failure
