"""Webhook endpoint: authenticate the sender, store the raw body, answer 204. A task parses it later."""

from __future__ import annotations

import hmac
import logging
import re
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import Error as DatabaseError
from django.http import HttpRequest, HttpResponse, HttpResponseNotFound
from django.urls import Resolver404, resolve
from rest_framework import status
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import APIException, AuthenticationFailed, ParseError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from devices.inbox import processing
from devices.models.webhook_count import WebhookOutcome
from devices.webhooks import outcome_counts
from patients.client_ip import get_client_ip
from patients.queueing.wakeup import wake_worker

logger = logging.getLogger(__name__)

MAX_BODY_BYTES = 1024 * 1024  # a list of 1,000 readings has 432 kB
WEBHOOK_PATH_PREFIX = "/hooks/"
REPEATED_SLASHES = re.compile("//+")
BODY_TIMEOUT_KEY = "vitals.body_too_slow"  # set in the environ by config.request_body_timeout
OUTCOME_BY_STATUS = {
    204: WebhookOutcome.ACCEPTED,
    400: WebhookOutcome.INCOMPLETE,
    401: WebhookOutcome.WRONG_SECRET,
    405: WebhookOutcome.METHOD,
    408: WebhookOutcome.TOO_SLOW,
    411: WebhookOutcome.LENGTH,
    413: WebhookOutcome.TOO_LARGE,
    503: WebhookOutcome.DATABASE,
}


def webhook_bypass_middleware(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Before all other middleware: hooks pass no redirect, host check, session or transaction. A webhook refused is
    lost, so each is counted, with the address that it came from."""

    def answer(request: HttpRequest) -> HttpResponse:
        path = REPEATED_SLASHES.sub("/", request.path_info)
        if not path.startswith(WEBHOOK_PATH_PREFIX):
            return get_response(request)
        outcome = WebhookOutcome.DEFECT
        try:
            response, outcome = answer_webhook(request, path)
        finally:
            outcome_counts.outcome_recorder.record_outcome(outcome, get_client_ip(request))
        return response

    return answer


def answer_webhook(request: HttpRequest, path: str) -> tuple[HttpResponse, WebhookOutcome]:
    """`path` without repeated slashes: the address at the vendor is typed by a person, and a 404 loses the webhook."""
    try:
        match = resolve(path)
    except Resolver404:
        return HttpResponseNotFound(), WebhookOutcome.PATH if has_valid_secret(request.META) else WebhookOutcome.PROBE
    request.resolver_match = match
    response: HttpResponse = match.func(request, *match.args, **match.kwargs)
    if isinstance(response, Response):
        response.render()
    return response, OUTCOME_BY_STATUS.get(response.status_code, WebhookOutcome.DEFECT)


def has_valid_secret(meta: dict[str, Any]) -> bool:
    """Does the one static header carry a secret that is live now? In bytes and constant time."""
    name = "HTTP_" + settings.TENOVI_WEBHOOK_HEADER.upper().replace("-", "_")
    given = meta.get(name, "").encode("latin-1", "replace")
    matches = [hmac.compare_digest(given, live.encode()) for live in settings.TENOVI_WEBHOOK_SECRETS]
    return any(matches)  # all are compared, whichever is right


class BodyTimeout(APIException):
    status_code = status.HTTP_408_REQUEST_TIMEOUT
    default_detail = "The body took too long."


class LengthRequired(APIException):
    status_code = status.HTTP_411_LENGTH_REQUIRED
    default_detail = "Send a Content-Length, or a chunked body."


class BodyTooLarge(APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = f"The body may have {MAX_BODY_BYTES} bytes at most."


class TenoviHeaderAuthentication(BaseAuthentication):
    """The vendor proves itself by one static header."""

    def authenticate(self, request: Request) -> tuple[None, str]:
        if not has_valid_secret(request.META):
            raise AuthenticationFailed
        return None, "tenovi"

    def authenticate_header(self, request: Request) -> str:
        return "Tenovi"


class IgnoreClientContentNegotiation(BaseContentNegotiation):
    """The vendor's Accept header and ?format= decide nothing: the answer has no body."""

    def select_parser(self, request: Request, parsers: Any) -> None:
        return None

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


def handle_webhook_exception(error: Exception, context: Any) -> Response | None:
    """DRF's own handler also rolls the request's transaction back; a hook has none."""
    if not isinstance(error, APIException):
        return None
    headers = {"WWW-Authenticate": header} if (header := getattr(error, "auth_header", None)) else {}
    return Response({"detail": error.detail}, status=error.status_code, headers=headers)


def read_complete_body(request: Request) -> bytes:
    """Every announced byte, or a refusal: Django hands a chunked body over as empty, a truncated one as whole."""
    environ = request.META  # WSGI's own: what Django has made of the body says nothing of what was announced
    chunked = "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower()
    announced = None if chunked else parse_content_length(environ)
    if announced is not None and announced > MAX_BODY_BYTES:
        raise BodyTooLarge
    if chunked and not environ.get("wsgi.input_terminated"):
        raise LengthRequired
    body = read_body(environ, announced)
    if len(body) > MAX_BODY_BYTES:
        raise BodyTooLarge
    if announced is not None and len(body) < announced:
        raise ParseError("The body is shorter than its Content-Length.")
    if not body:
        raise LengthRequired
    return body


def parse_content_length(environ: dict[str, Any]) -> int:
    text = environ.get("CONTENT_LENGTH") or ""
    if not (text.isascii() and text.isdigit()) or int(text) == 0:
        raise LengthRequired
    return int(text)


def read_body(environ: dict[str, Any], announced: int | None) -> bytes:
    body: bytes = b""
    try:
        body = environ["wsgi.input"].read(MAX_BODY_BYTES + 1 if announced is None else announced)
    except OSError as error:  # the sender went away, or its chunks are no chunks
        if not environ.get(BODY_TIMEOUT_KEY):
            raise ParseError("The body ended too early.") from error
    if environ.get(BODY_TIMEOUT_KEY):
        raise BodyTimeout
    return body


class TenoviWebhook(APIView):
    """Store the delivery and answer at once. A task of its kind processes it later."""

    http_method_names = ["post"]
    authentication_classes = (TenoviHeaderAuthentication,)
    permission_classes = ()
    parser_classes = ()  # nothing is parsed: a body that we can't read is still evidence
    content_negotiation_class = IgnoreClientContentNegotiation
    policy = "public"  # proven by its header, not by a person's session
    kind: str = ""
    work: str = ""

    def get_exception_handler(self) -> Callable[..., Response | None]:
        return handle_webhook_exception

    def post(self, request: Request) -> Response:
        body = read_complete_body(request)
        try:
            request._request.delivery = processing.receive_delivery(kind=self.kind, body=body)  # type: ignore[attr-defined]  # for the access line
        except DatabaseError as error:
            logger.error("webhook not stored, answered 503: %s", type(error).__name__)
            return Response(status=status.HTTP_503_SERVICE_UNAVAILABLE, headers={"Retry-After": "5"})
        wake_worker(self.work)  # no id: the task drains whatever waits
        return Response(status=status.HTTP_204_NO_CONTENT)
