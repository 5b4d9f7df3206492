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

from .decoding import ListResult, RecordType, parse_rows
from .errors import Misconfigured, NotSent, Rejected, Unclear, VendorError
from .pagination import PAGE_SIZE, Page, parse_page
from .rate_limiter import NoSlotAvailable, RateLimiter, Slot, forbid_open_transaction
from .request import ApiRequest, FullJitterBackoff
from .responses import MAX_ERROR_BODY_BYTES, build_vendor_error, decode_json, parse_object, read_limited_body
from .transport import CALL_DEADLINE_SECONDS, HTTP_TIMEOUTS_SECONDS, DeadlineTransport

logger = logging.getLogger(__name__)

READ_ATTEMPTS = 6
READ_RETRY_SECONDS = 60.0  # no further try after that: with the last one, 90 s in all
SLOT_ATTEMPTS = 10
NEVER_SENT_ERRORS = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)
CONFIGURATION_ERRORS = (httpx2.LocalProtocolError, httpx2.UnsupportedProtocol, httpx2.InvalidURL, UnicodeError)
POSSIBLY_SENT_ERRORS = (httpx2.HTTPError, OSError)


class VendorHttpClient:
    """Talks to one account through one gate. For one thread. `transport` is replaced in tests only."""

    def __init__(
        self,
        *,
        base_url: str,
        domain: str,
        gate: RateLimiter,
        max_wait: float,
        transport: httpx2.BaseTransport | None = None,
    ) -> None:
        self._root_url = f"{base_url.rstrip('/')}/clients/{quote(domain, safe='')}/hwi/"
        self._rate_limiter = gate
        self._max_wait = max_wait
        self._transport = transport or DeadlineTransport(base_url)
        self._slot: Slot | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        held, self._slot = self._slot, None
        try:
            if held is not None:
                self._rate_limiter.release_slot(held)
        finally:
            self._transport.close()

    def take_slot(self, *, max_wait: float | None = None) -> bool:
        """Hold the right to send the next request now. False when it would take more than `max_wait` seconds, when the
        vendor can't be reached, or when it refuses our key: then claim nothing."""
        try:
            self._slot = self.take_ready_slot(self._max_wait if max_wait is None else max_wait)
        except VendorError as error:
            logger.warning("No slot: %s", error)
            return False
        return True

    # --- kinds of calls, for the endpoints ----------------------------------------------------------------------

    def get_json(self, template: str, *args: str, params: Mapping[str, str] | None = None) -> Any:
        """A GET that is known to change nothing: tried again when it fails."""
        call = ApiRequest("GET", template, args, params)
        jitter = FullJitterBackoff()
        for attempt in stamina.retry_context(on=jitter, attempts=READ_ATTEMPTS, timeout=READ_RETRY_SECONDS):
            with attempt:
                return decode_json(str(call), self.exchange_once(call))
        raise AssertionError("unreachable: the last try raises")

    def get_object(self, kind: type[RecordType], template: str, *args: str) -> RecordType:
        return parse_object(f"GET {template}", self.get_json(template, *args), kind)

    def send_once(self, method: str, template: str, *args: str, json: Any = None) -> bytes:
        """Sent once, whatever happens."""
        return self.exchange_once(ApiRequest(method, template, args, json=json))

    def send_for_object(
        self, kind: type[RecordType], method: str, template: str, *args: str, json: Any = None
    ) -> RecordType:
        call = f"{method} {template}"
        return parse_object(call, decode_json(call, self.send_once(method, template, *args, json=json)), kind)

    def iterate_pages(
        self, template: str, *args: str, params: Mapping[str, str] | None = None, paged: bool = True
    ) -> Iterator[Page]:
        """All pages, in order; an error on any of them means that the list is not complete."""
        call, number, rows = f"GET {template}", 0, 0
        while True:
            number += 1
            asked = {**(params or {}), "page": str(number), "page_size": str(PAGE_SIZE)}
            page = parse_page(call, self.get_page_json(template, args, asked), number=number, paged=paged)
            rows += len(page.items)
            yield page
            if page.is_last:
                break
        if page.count is not None and rows < page.count:
            raise Unclear(f"{call}: {rows} rows came of {page.count}")

    def get_page_json(self, template: str, args: tuple[str, ...], params: Mapping[str, str]) -> Any:
        try:
            return self.get_json(template, *args, params=params)
        except (Misconfigured, Rejected) as error:
            if error.status == 404 and params["page"] != "1":
                raise Unclear(f"GET {template}: the list shrank while it was read", status=404) from None
            raise

    def list_all(
        self, kind: type[RecordType], template: str, params: Mapping[str, str] | None = None, *, paged: bool = True
    ) -> ListResult[RecordType]:
        items = [item for page in self.iterate_pages(template, params=params, paged=paged) for item in page.items]
        listing = parse_rows(items, kind)
        for row in listing.unreadable_rows:
            logger.warning("GET %s: an unreadable row: %s", template, row.problem)
        return listing

    # --- one exchange -------------------------------------------------------------------------------------------

    def exchange_once(self, call: ApiRequest) -> bytes:
        """The body of a 2xx answer, or one of the four errors. Nothing is tried twice here."""
        request = self.build_request(call)
        slot, self._slot = self.take_ready_slot(self._max_wait), None
        status, headers, body = self.send_request(call, request, slot)
        if 200 <= status < 300:
            return body
        error = build_vendor_error(str(call), status, headers, body, is_collection="{}" not in call.template)
        if isinstance(error, NotSent):
            self._rate_limiter.apply_penalty(slot, error.retry_after)
        if status in (401, 403):
            self._rate_limiter.mark_key_refused(slot, str(error))
        raise error

    def build_request(self, call: ApiRequest) -> httpx2.Request:
        headers = {"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": "vitals-at-home"}
        return httpx2.Request(
            call.method, self._root_url + call.path, params=call.params or None, json=call.json, headers=headers
        )

    def take_ready_slot(self, max_wait: float) -> Slot:
        """A slot that is open right now, on an open connection."""
        forbid_open_transaction()
        deadline = time.monotonic() + max_wait
        for _ in range(SLOT_ATTEMPTS):
            self.open_connection()
            left = max(0.0, deadline - time.monotonic())
            slot = self._slot or self._rate_limiter.take_slot(max_wait=left, prepare=self.open_connection)
            self._slot = None
            if not slot.is_late and getattr(self._transport, "is_connected", True):
                return slot
            self._rate_limiter.release_slot(slot)
        raise NoSlotAvailable(f"late for {SLOT_ATTEMPTS} slots: this machine or its database is too slow")

    def open_connection(self) -> None:
        """Tests' transports have no connection to warm."""
        try:
            if isinstance(self._transport, DeadlineTransport):
                self._transport.ensure_connected()
        except NEVER_SENT_ERRORS as error:
            raise NotSent(f"connecting to Tenovi: {type(error).__name__}") from None
        except CONFIGURATION_ERRORS as error:
            raise Misconfigured(f"connecting to Tenovi: {type(error).__name__}") from None

    def send_request(
        self, call: ApiRequest, request: httpx2.Request, slot: Slot
    ) -> tuple[int, Mapping[str, str], bytes]:
        # The causes are cut off: their texts may hold addresses or pieces of what was read.
        try:
            return self.perform_request(request, slot)
        except NEVER_SENT_ERRORS as error:
            raise NotSent(f"{call}: {type(error).__name__}") from None
        except CONFIGURATION_ERRORS as error:
            raise Misconfigured(f"{call}: {type(error).__name__}") from None
        except POSSIBLY_SENT_ERRORS as error:
            raise Unclear(f"{call}: {type(error).__name__}") from None

    def perform_request(self, request: httpx2.Request, slot: Slot) -> tuple[int, Mapping[str, str], bytes]:
        deadline = time.monotonic() + CALL_DEADLINE_SECONDS
        request.headers["Authorization"] = f"Api-Key {slot.key.secret}"
        request.extensions |= {"timeout": HTTP_TIMEOUTS_SECONDS, "deadline": deadline}
        response = self._transport.handle_request(request)
        try:
            return response.status_code, response.headers, self.read_response_body(response, deadline)
        finally:
            response.close()

    def read_response_body(self, response: httpx2.Response, deadline: float) -> bytes:
        if response.is_success:
            return read_limited_body(response, deadline)
        try:  # the status has already said what happened; a refusal's words are welcome and no more
            return read_limited_body(response, deadline, MAX_ERROR_BODY_BYTES)
        except POSSIBLY_SENT_ERRORS:
            return b""
