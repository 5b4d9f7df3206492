"""HTTP client base: rate limiter slot, one request, one response, four errors, retries of reads, pages."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx2
import stamina

from .decoding import ListResult, RecordType, parse_rows
from .errors import Misconfigured, NotSent, Rejected, SlotMissed, Unclear, VendorError
from .pagination import PAGE_SIZE, Page, parse_page
from .rate_limiter import NoSlotAvailable, RateLimiter, Slot, forbid_open_transaction
from .request import ApiRequest, FullJitterBackoff
from .responses import MAX_ERROR_BODY_BYTES, build_vendor_error, decode_json, parse_object, read_limited_body
from .transport import CALL_DEADLINE_SECONDS, HTTP_TIMEOUTS_SECONDS, DeadlineTransport

logger = logging.getLogger(__name__)

READ_ATTEMPTS = 6
READ_RETRY_SECONDS = 60.0  # no further attempt after that: with the last one, 90 s in all
SLOT_ATTEMPTS = 10
SLOTS_USED_UP = f"{SLOT_ATTEMPTS} slots were used up late: this machine or its database is too slow"
NEVER_SENT_ERRORS = (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout)
CONFIGURATION_ERRORS = (httpx2.LocalProtocolError, httpx2.UnsupportedProtocol, httpx2.InvalidURL, UnicodeError)
POSSIBLY_SENT_ERRORS = (httpx2.HTTPError, OSError)


class VendorHttpClient:
    """Calls one account through one rate limiter. For one thread. `transport` is replaced in tests only."""

    def __init__(
        self,
        *,
        base_url: str,
        domain: str,
        rate_limiter: RateLimiter,
        max_wait: float,
        transport: httpx2.BaseTransport | None = None,
        record_outcome: Callable[[VendorError | None], None] | None = None,
    ) -> None:
        self._root_url = f"{base_url.rstrip('/')}/clients/{quote(domain, safe='')}/hwi/"
        self._rate_limiter = rate_limiter
        self._max_wait = max_wait
        self._transport = transport or DeadlineTransport(base_url)
        self._record_outcome = record_outcome or (lambda _error: None)
        self._slot: Slot | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        unused, self._slot = self._slot, None
        try:
            if unused is not None:
                self._rate_limiter.release_slot(unused)
        finally:
            self._transport.close()

    def take_slot(self, *, max_wait: float | None = None) -> bool:
        """Reserve the slot of the next request. False when it would take more than `max_wait` seconds, when the vendor
        can't be reached, or when it refuses the API key: then claim nothing."""
        try:
            self._slot = self.take_ready_slot(self._max_wait if max_wait is None else max_wait)
        except VendorError as error:
            logger.warning("No slot: %s", error)
            self._record_outcome(error)
            return False
        return True

    # --- kinds of calls, for the endpoints ----------------------------------------------------------------------

    def get_json(self, template: str, *args: str, params: Mapping[str, str] | None = None) -> Any:
        """A GET that changes nothing: retried when it fails."""
        call = ApiRequest("GET", template, args, params)
        jitter = FullJitterBackoff()
        for attempt in stamina.retry_context(on=jitter, attempts=READ_ATTEMPTS, timeout=READ_RETRY_SECONDS):
            with attempt, self.recording_outcome():
                return decode_json(str(call), self.exchange_once(call))
        raise AssertionError("unreachable: the last attempt raises")

    def get_object(self, kind: type[RecordType], template: str, *args: str) -> RecordType:
        return parse_object(f"GET {template}", self.get_json(template, *args), kind)

    def send_once(self, method: str, template: str, *args: str, json: Any = None) -> bytes:
        """Sent once, never retried."""
        with self.recording_outcome():
            return self.exchange_once(ApiRequest(method, template, args, json=json))

    def send_for_object(
        self, kind: type[RecordType], method: str, template: str, *args: str, json: Any = None
    ) -> RecordType:
        call = f"{method} {template}"
        with self.recording_outcome():
            return parse_object(call, decode_json(call, self.send_once(method, template, *args, json=json)), kind)

    def iterate_pages(
        self, template: str, *args: str, params: Mapping[str, str] | None = None, paged: bool = True
    ) -> Iterator[Page]:
        """All pages, in order; an error on any of them means that the list is not complete."""
        call, number, rows = f"GET {template}", 0, 0
        while True:
            number += 1
            query = {**(params or {}), "page": str(number), "page_size": str(PAGE_SIZE)}
            page = parse_page(call, self.get_page_json(template, args, query), number=number, paged=paged)
            rows += len(page.items)
            yield page
            if page.is_last:
                break
        if page.count is not None and rows < page.count:
            raise Unclear(f"{call}: {rows} of {page.count} rows arrived")

    def get_page_json(self, template: str, args: tuple[str, ...], params: Mapping[str, str]) -> Any:
        try:
            return self.get_json(template, *args, params=params)
        except (Misconfigured, Rejected) as error:
            if error.status == 404 and params["page"] != "1":
                raise Unclear(f"GET {template}: the list shrank between pages", status=404) from None
            raise

    def list_all(
        self, kind: type[RecordType], template: str, params: Mapping[str, str] | None = None, *, paged: bool = True
    ) -> ListResult[RecordType]:
        items = [item for page in self.iterate_pages(template, params=params, paged=paged) for item in page.items]
        listing = parse_rows(items, kind)
        for row in listing.unreadable_rows:
            logger.warning("GET %s: unreadable row: %s", template, row.problem)
        return listing

    @contextlib.contextmanager
    def recording_outcome(self) -> Iterator[None]:
        try:
            yield
        except VendorError as error:
            self._record_outcome(error)
            raise
        self._record_outcome(None)

    # --- one exchange -------------------------------------------------------------------------------------------

    def exchange_once(self, call: ApiRequest) -> bytes:
        """The body of a 2xx response, or one of the four errors. Nothing is retried here."""
        headers = {"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": "vitals-at-home"}
        url, params = self._root_url + call.path, call.params or None
        request = httpx2.Request(call.method, url, params=params, json=call.json, headers=headers)
        for _ in range(SLOT_ATTEMPTS):
            slot, self._slot = self.take_ready_slot(self._max_wait), None
            try:
                status, response_headers, body = self.send_request(call, request, slot)
                break
            except SlotMissed:
                self._rate_limiter.release_slot(slot)
        else:
            raise NoSlotAvailable(SLOTS_USED_UP)
        if 200 <= status < 300:
            return body
        error = build_vendor_error(str(call), status, response_headers, body, is_collection="{}" not in call.template)
        if isinstance(error, NotSent):
            self._rate_limiter.apply_penalty(slot, error.retry_after)
        if status in (401, 403):
            self._rate_limiter.mark_key_refused(slot, str(error))
        raise error

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
        raise NoSlotAvailable(SLOTS_USED_UP)

    def open_connection(self) -> None:
        """Connect ahead of the slot. Transports of tests have no connection."""
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
        # `from None`: the causes' texts may contain addresses or parts of the response.
        deadline = time.monotonic() + CALL_DEADLINE_SECONDS
        try:
            request.headers["Authorization"] = f"Api-Key {slot.key.secret}"
            request.extensions |= {
                "timeout": HTTP_TIMEOUTS_SECONDS,
                "deadline": deadline,
                "latest_write": slot.latest_write,
            }
            with contextlib.closing(self._transport.handle_request(request)) as response:
                return response.status_code, response.headers, self.read_response_body(response, deadline)
        except NEVER_SENT_ERRORS as error:
            raise NotSent(f"{call}: {type(error).__name__}") from None
        except CONFIGURATION_ERRORS as error:
            raise Misconfigured(f"{call}: {type(error).__name__}") from None
        except POSSIBLY_SENT_ERRORS as error:
            raise Unclear(f"{call}: {type(error).__name__}") from None

    def read_response_body(self, response: httpx2.Response, deadline: float) -> bytes:
        if response.is_success:
            return read_limited_body(response, deadline)
        try:  # the status decides; the error text is optional
            return read_limited_body(response, deadline, MAX_ERROR_BODY_BYTES)
        except POSSIBLY_SENT_ERRORS:
            return b""
