"""Request body timeout: WSGI middleware that ends a slow or incomplete body after some seconds.

gunicorn's threads have no limit for a body: eight clients that send a byte a second would block two processes of four
threads. Django treats a form that broke off in the middle as complete.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from gunicorn.http.errors import ParseException

CHECK_INTERVAL_SECONDS = 0.5
BODY_TIMED_OUT_KEY = "vitals.body_too_slow"

Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]


def limit_body_time(application: Application, *, seconds: float) -> Application:
    watch = BodyTimeoutWatcher(seconds)

    def answer(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        if "HTTP_TRANSFER_ENCODING" not in environ and environ.get("CONTENT_LENGTH", "") in ("", "0"):
            return application(environ, start_response)
        environ["wsgi.input"] = CompleteBodyStream(environ["wsgi.input"], environ.get("CONTENT_LENGTH"))
        with watch.watch_request(environ):
            return application(environ, start_response)

    return answer


class CompleteBodyStream:
    """Raises OSError where the body ends before its announced length, or its chunks can't be read."""

    def __init__(self, stream: Any, announced: str | None) -> None:
        self._stream = stream
        self._missing = int(announced) if announced and announced.isascii() and announced.isdigit() else None

    def read(self, size: int | None = None) -> bytes:
        return self.read_checked(self._stream.read, size, end=b"")

    def readline(self, size: int | None = None) -> bytes:
        return self.read_checked(self._stream.readline, size, end=b"\n")

    def read_checked(self, read: Callable[[int | None], bytes], size: int | None, *, end: bytes) -> bytes:
        try:
            data = read(size)
        except ParseException as error:
            raise OSError("the body's chunks can't be read") from error
        if self._missing is not None:
            self._missing -= len(data)
            is_short = size is None or size < 0 or len(data) < size
            if is_short and self._missing > 0 and not (end and data.endswith(end)):
                raise OSError("the body ended early")
        return data


class BodyTimeoutWatcher:
    """Ends the reading side of sockets whose body is late, from one thread per process."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._held: dict[int, tuple[float, Environ]] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @contextlib.contextmanager
    def watch_request(self, environ: Environ) -> Iterator[None]:
        if "gunicorn.socket" not in environ:
            yield
            return
        with self._lock:
            self._held[id(environ)] = (time.monotonic() + self._seconds, environ)
            if self._thread is None or not self._thread.is_alive():  # also after a fork
                self._thread = threading.Thread(target=self.check_deadlines, name="deadlines", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            with self._lock:
                self._held.pop(id(environ), None)

    def check_deadlines(self) -> None:
        while True:
            time.sleep(CHECK_INTERVAL_SECONDS)
            with self._lock:
                for key, (deadline, environ) in list(self._held.items()):
                    if time.monotonic() > deadline:
                        del self._held[key]
                        self.close_read_side(environ)

    def close_read_side(self, environ: Environ) -> None:
        """The reader gets what was received so far; the response can still be written."""
        environ[BODY_TIMED_OUT_KEY] = True
        with contextlib.suppress(OSError):
            environ["gunicorn.socket"].shutdown(socket.SHUT_RD)
