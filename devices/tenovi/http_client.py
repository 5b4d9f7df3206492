"""How any call to Tenovi is made: a slot, one request, one answer, four errors."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx2
import stamina

from .decoding import Listing, R, read_rows
from .errors import Misconfigured, NotSent, Rejected, Unclear, VendorError
from .pagination import PAGE_SIZE, Page, read_page
from .rate_limiter import Gate, NoSlot, Slot, refuse_inside_transaction
from .request import Call, FullJitter
from .responses import MOST_REFUSAL_BYTES, decode, error_for, one, read_body
from .transport import CALL_SECONDS, TIMEOUTS, Wire

logger = logging.getLogger(__name__)

READ_TRIES = 6
READ_TRIES_SECONDS = 60.0  # no further try after that: with the last one, 90 s in all
SLOT_TRIES = 10
NEVER_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)
OUR_FAULT = (httpx2.LocalProtocolError, httpx2.UnsupportedProtocol, httpx2.InvalidURL, UnicodeError)
PERHAPS_SENT = (httpx2.HTTPError, OSError)


class Caller:
    """Talks to one account through one gate. For one thread. `transport` is replaced in tests only."""

    def __init__(
        self, *, base_url: str, domain: str, gate: Gate, max_wait: float, transport: httpx2.BaseTransport | None = None
    ) -> None:
        self._root = f"{base_url.rstrip('/')}/clients/{quote(domain, safe='')}/hwi/"
        self._gate = gate
        self._max_wait = max_wait
        self._transport = transport or Wire(base_url)
        self._slot: Slot | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        held, self._slot = self._slot, None
        try:
            if held is not None:
                self._gate.give_back(held)
        finally:
            self._transport.close()

    def take_slot(self, *, max_wait: float | None = None) -> bool:
        """Hold the right to send the next request now. False when it would take more than `max_wait` seconds, when the
        vendor can't be reached, or when it refuses our key: then claim nothing."""
        try:
            self._slot = self._ready_slot(self._max_wait if max_wait is None else max_wait)
        except VendorError as error:
            logger.warning("No slot: %s", error)
            return False
        return True

    # --- kinds of calls, for the endpoints ----------------------------------------------------------------------

    def _read(self, template: str, *args: str, params: Mapping[str, str] | None = None) -> Any:
        """A GET that is known to change nothing: tried again when it fails."""
        call = Call("GET", template, args, params)
        jitter = FullJitter()
        for attempt in stamina.retry_context(on=jitter, attempts=READ_TRIES, timeout=READ_TRIES_SECONDS):
            with attempt:
                return decode(str(call), self._exchange(call))
        raise AssertionError("unreachable: the last try raises")

    def _read_one(self, kind: type[R], template: str, *args: str) -> R:
        return one(f"GET {template}", self._read(template, *args), kind)

    def _write(self, method: str, template: str, *args: str, json: Any = None) -> bytes:
        """Sent once, whatever happens."""
        return self._exchange(Call(method, template, args, json=json))

    def _write_one(self, kind: type[R], method: str, template: str, *args: str, json: Any = None) -> R:
        call = f"{method} {template}"
        return one(call, decode(call, self._write(method, template, *args, json=json)), kind)

    def _pages(
        self, template: str, *args: str, params: Mapping[str, str] | None = None, paged: bool = True
    ) -> Iterator[Page]:
        """All pages, in order; an error on any of them means that the list is not complete."""
        call, number, rows = f"GET {template}", 0, 0
        while True:
            number += 1
            asked = {**(params or {}), "page": str(number), "page_size": str(PAGE_SIZE)}
            page = read_page(call, self._page(template, args, asked), number=number, paged=paged)
            rows += len(page.items)
            yield page
            if page.is_last:
                break
        if page.count is not None and rows < page.count:
            raise Unclear(f"{call}: {rows} rows came of {page.count}")

    def _page(self, template: str, args: tuple[str, ...], params: Mapping[str, str]) -> Any:
        try:
            return self._read(template, *args, params=params)
        except (Misconfigured, Rejected) as error:
            if error.status == 404 and params["page"] != "1":
                raise Unclear(f"GET {template}: the list shrank while it was read", status=404) from None
            raise

    def _list(
        self, kind: type[R], template: str, params: Mapping[str, str] | None = None, *, paged: bool = True
    ) -> Listing[R]:
        items = [item for page in self._pages(template, params=params, paged=paged) for item in page.items]
        listing = read_rows(items, kind)
        for row in listing.unreadable:
            logger.warning("GET %s: an unreadable row: %s", template, row.problem)
        return listing

    # --- one exchange -------------------------------------------------------------------------------------------

    def _exchange(self, call: Call) -> bytes:
        """The body of a 2xx answer, or one of the four errors. Nothing is tried twice here."""
        request = self._request(call)
        slot, self._slot = self._ready_slot(self._max_wait), None
        status, headers, body = self._send(call, request, slot)
        if 200 <= status < 300:
            return body
        error = error_for(str(call), status, headers, body, collection="{}" not in call.template)
        if isinstance(error, NotSent):
            self._gate.penalise(slot, error.retry_after)
        if status in (401, 403):
            self._gate.mark_bad(slot, str(error))
        raise error

    def _request(self, call: Call) -> httpx2.Request:
        headers = {"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": "vitals-at-home"}
        return httpx2.Request(
            call.method, self._root + call.path, params=call.params or None, json=call.json, headers=headers
        )

    def _ready_slot(self, max_wait: float) -> Slot:
        """A slot that is open right now, on an open connection."""
        refuse_inside_transaction()
        deadline = time.monotonic() + max_wait
        for _ in range(SLOT_TRIES):
            self._warm()
            left = max(0.0, deadline - time.monotonic())
            slot = self._slot or self._gate.take(max_wait=left, prepare=self._warm)
            self._slot = None
            if not slot.is_late and getattr(self._transport, "is_warm", True):
                return slot
            self._gate.give_back(slot)
        raise NoSlot(f"late for {SLOT_TRIES} slots: this machine or its database is too slow")

    def _warm(self) -> None:
        """Tests' transports have no connection to warm."""
        try:
            if isinstance(self._transport, Wire):
                self._transport.warm()
        except NEVER_SENT as error:
            raise NotSent(f"connecting to Tenovi: {type(error).__name__}") from None
        except OUR_FAULT as error:
            raise Misconfigured(f"connecting to Tenovi: {type(error).__name__}") from None

    def _send(self, call: Call, request: httpx2.Request, slot: Slot) -> tuple[int, Mapping[str, str], bytes]:
        # The causes are cut off: their texts may hold addresses or pieces of what was read.
        try:
            return self._sent(request, slot)
        except NEVER_SENT as error:
            raise NotSent(f"{call}: {type(error).__name__}") from None
        except OUR_FAULT as error:
            raise Misconfigured(f"{call}: {type(error).__name__}") from None
        except PERHAPS_SENT as error:
            raise Unclear(f"{call}: {type(error).__name__}") from None

    def _sent(self, request: httpx2.Request, slot: Slot) -> tuple[int, Mapping[str, str], bytes]:
        deadline = time.monotonic() + CALL_SECONDS
        request.headers["Authorization"] = f"Api-Key {slot.key.secret}"
        request.extensions |= {"timeout": TIMEOUTS, "deadline": deadline}
        response = self._transport.handle_request(request)
        try:
            return response.status_code, response.headers, self._body(response, deadline)
        finally:
            response.close()

    def _body(self, response: httpx2.Response, deadline: float) -> bytes:
        if response.is_success:
            return read_body(response, deadline)
        try:  # the status has already said what happened; a refusal's words are welcome and no more
            return read_body(response, deadline, MOST_REFUSAL_BYTES)
        except PERHAPS_SENT:
            return b""
