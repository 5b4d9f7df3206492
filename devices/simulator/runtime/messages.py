"""Request, response and error types between the WSGI application and the endpoints."""

import contextlib
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from http.client import responses
from time import sleep
from typing import Any
from urllib.parse import parse_qsl

Json = dict[str, Any]
# The DRF wording; the vendor is evidently Django REST Framework, though its documents list no error bodies.
NOT_FOUND_BODY = {"detail": "Not found."}


class ApiError(Exception):
    """An answer other than success, raised from any depth of an endpoint."""

    def __init__(self, status: int, data: Any, headers: dict[str, str] | None = None) -> None:
        super().__init__(status)
        self.status, self.data, self.headers = status, data, headers or {}


class ConnectionFault(ConnectionError):
    """A scripted break of the connection. The socket server resets it; over plain WSGI the exception surfaces."""

    def __init__(self, kind: str) -> None:
        super().__init__(f"scripted fault: {kind}")
        self.kind = kind


@dataclass
class Response:
    """`data` becomes JSON unless `body` holds the bytes; `seconds_per_byte` above 0 drips them."""

    status: int = 200
    data: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes | None = None
    seconds_per_byte: float = 0.0
    truncate_at_bytes: int | None = None  # bytes really sent although Content-Length promises all

    def render_body(self) -> bytes:
        if self.body is None:
            self.body = b"" if self.status == 204 else json.dumps(self.data).encode()
        return self.body

    def send(self, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a WSGI request."""
        body = self.render_body()
        headers = {"Content-Type": "application/json", "Content-Length": str(len(body)), **self.headers}
        if self.status == 204:
            del headers["Content-Type"]
        start_response(f"{self.status} {responses.get(self.status, 'Unknown')}", list(headers.items()))
        if self.seconds_per_byte:
            return drip_bytes(body, self.seconds_per_byte)
        return [body[: self.truncate_at_bytes]]


def drip_bytes(body: bytes, seconds: float) -> Iterator[bytes]:
    for n in range(len(body)):
        sleep(seconds)
        yield body[n : n + 1]


@dataclass
class Request:
    method: str
    path: str
    query: dict[str, str]
    query_string: str
    headers: dict[str, str]
    body: bytes

    @classmethod
    def from_environ(cls, environ: Json) -> "Request":
        headers = {k[5:].replace("_", "-").lower(): v for k, v in environ.items() if k.startswith("HTTP_")}
        length = int(environ.get("CONTENT_LENGTH") or 0)
        query_string = environ.get("QUERY_STRING", "")
        path = environ.get("PATH_INFO", "/")
        with contextlib.suppress(UnicodeError):  # PEP 3333 servers pass Latin-1; httpx2's transport passes real text
            path = path.encode("latin-1").decode()
        return cls(
            method=environ["REQUEST_METHOD"],
            path=path,
            query=dict(parse_qsl(query_string, keep_blank_values=True)),
            query_string=query_string,
            headers=headers,
            body=environ["wsgi.input"].read(length) if length else b"",
        )

    @property
    def key(self) -> str:
        """The API key, or "" where the header is not exactly `Api-Key <key>` (the word is case-sensitive)."""
        word, _, key = self.headers.get("authorization", "").partition(" ")
        return key if word == "Api-Key" else ""

    def json_object(self) -> Json:
        """The body as a JSON object; 400 in DRF's words otherwise."""
        try:
            data = json.loads(self.body or b"{}")
        except ValueError as error:
            raise ApiError(400, {"detail": f"JSON parse error - {error}"}) from error
        if not isinstance(data, dict):
            kind = type(data).__name__
            raise ApiError(400, {"non_field_errors": [f"Invalid data. Expected a dictionary, but got {kind}."]})
        return data
