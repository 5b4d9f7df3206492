"""A body has to come whole and within some seconds, whatever reads it.

gunicorn's threads have no limit for a body: eight senders of a byte a second would stop two processes of four threads.
Django takes a form that broke off in the middle for a complete one.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from gunicorn.http.errors import ParseException

LOOK_SECONDS = 0.5
TOO_SLOW = "vitals.body_too_slow"

Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]


def within_deadline(application: Application, *, seconds: float) -> Application:
    watch = Watch(seconds)

    def answer(environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        if not _brings_body(environ):
            return application(environ, start_response)
        environ["wsgi.input"] = WholeBody(environ["wsgi.input"], environ.get("CONTENT_LENGTH"))
        with watch.over(environ):
            return application(environ, start_response)

    return answer


def _brings_body(environ: Environ) -> bool:
    return "HTTP_TRANSFER_ENCODING" in environ or environ.get("CONTENT_LENGTH", "") not in ("", "0")


class WholeBody:
    """Raises OSError where the body ends before its announced length, or its chunks can't be read."""

    def __init__(self, stream: Any, announced: str | None) -> None:
        self._stream = stream
        self._missing = int(announced) if announced and announced.isascii() and announced.isdigit() else None

    def read(self, size: int | None = None) -> bytes:
        return self._checked(self._stream.read, size, end=b"")

    def readline(self, size: int | None = None) -> bytes:
        return self._checked(self._stream.readline, size, end=b"\n")

    def _checked(self, read: Callable[[int | None], bytes], size: int | None, *, end: bytes) -> bytes:
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


class Watch:
    """Ends the reading side of sockets whose body is late, from one thread per process."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._held: dict[int, tuple[float, Environ]] = {}
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None

    @contextlib.contextmanager
    def over(self, environ: Environ) -> Iterator[None]:
        if "gunicorn.socket" not in environ:
            yield
            return
        with self._lock:
            self._held[id(environ)] = (time.monotonic() + self._seconds, environ)
            self._start()
        try:
            yield
        finally:
            with self._lock:
                self._held.pop(id(environ), None)

    def _start(self) -> None:
        if self._thread is None or not self._thread.is_alive():  # also after a fork
            self._thread = threading.Thread(target=self._run, name="deadlines", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        while True:
            time.sleep(LOOK_SECONDS)
            with self._lock:
                for key, (deadline, environ) in list(self._held.items()):
                    if time.monotonic() > deadline:
                        del self._held[key]
                        self._end(environ)

    def _end(self, environ: Environ) -> None:
        """Whoever reads gets what came so far; the answer can still be written."""
        environ[TOO_SLOW] = True
        with contextlib.suppress(OSError):
            environ["gunicorn.socket"].shutdown(socket.SHUT_RD)
