"""The vendor's door. Prove the sender, keep the bytes, answer; understand nothing here."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import Error as DatabaseTrouble
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
from devices.models.webhook_count import HookOutcome
from devices.webhooks import outcome_counts
from patients.client_ip import client_address
from patients.queueing.wakeup import nudge

logger = logging.getLogger(__name__)

LARGEST_BODY = 256 * 1024
HOOKS = "/hooks/"
TOO_SLOW = "vitals.body_too_slow"  # set in the environ by config.request_body_timeout
OUTCOME_OF_STATUS = {
    204: HookOutcome.ACCEPTED,
    400: HookOutcome.INCOMPLETE,
    401: HookOutcome.WRONG_SECRET,
    405: HookOutcome.METHOD,
    408: HookOutcome.TOO_SLOW,
    411: HookOutcome.LENGTH,
    413: HookOutcome.TOO_LARGE,
    503: HookOutcome.DATABASE,
}


def hook_door(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Before all other middleware: hooks pass no redirect, host check, session or transaction. A webhook refused is
    lost, so each is counted, with the address that it came from."""

    def answer(request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(HOOKS):
            return get_response(request)
        outcome = HookOutcome.DEFECT
        try:
            response, outcome = _answer_hook(request)
        finally:
            outcome_counts.recorder.note(outcome, client_address(request))
        return response

    return answer


def _answer_hook(request: HttpRequest) -> tuple[HttpResponse, HookOutcome]:
    try:
        match = resolve(request.path_info)
    except Resolver404:
        return HttpResponseNotFound(), HookOutcome.PATH if is_proven(request.META) else HookOutcome.STRANGER
    request.resolver_match = match
    response: HttpResponse = match.func(request, *match.args, **match.kwargs)
    if isinstance(response, Response):
        response.render()
    return response, OUTCOME_OF_STATUS.get(response.status_code, HookOutcome.DEFECT)


def is_proven(meta: dict[str, Any]) -> bool:
    """Does the one static header carry a secret that is live now? In bytes and constant time."""
    name = "HTTP_" + settings.TENOVI_WEBHOOK_HEADER.upper().replace("-", "_")
    given = meta.get(name, "").encode("latin-1", "replace")
    matches = [hmac.compare_digest(given, live.encode()) for live in settings.TENOVI_WEBHOOK_SECRETS]
    return any(matches)  # all are compared, whichever is right


class TooSlow(APIException):
    status_code = status.HTTP_408_REQUEST_TIMEOUT
    default_detail = "The body took too long."


class LengthRequired(APIException):
    status_code = status.HTTP_411_LENGTH_REQUIRED
    default_detail = "Send a Content-Length, or a chunked body."


class TooLarge(APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_detail = f"The body may have {LARGEST_BODY} bytes at most."


class TenoviHeader(BaseAuthentication):
    """The vendor proves itself by one static header."""

    def authenticate(self, request: Request) -> tuple[None, str]:
        if not is_proven(request.META):
            raise AuthenticationFailed
        return None, "tenovi"

    def authenticate_header(self, request: Request) -> str:
        return "Tenovi"


class AnyAnswerWillDo(BaseContentNegotiation):
    """The vendor's Accept header and ?format= decide nothing: the answer has no body."""

    def select_parser(self, request: Request, parsers: Any) -> None:
        return None

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


def refusal(error: Exception, context: Any) -> Response | None:
    """DRF's own handler also rolls the request's transaction back; a hook has none."""
    if not isinstance(error, APIException):
        return None
    headers = {"WWW-Authenticate": header} if (header := getattr(error, "auth_header", None)) else {}
    return Response({"detail": error.detail}, status=error.status_code, headers=headers)


def complete_body(request: Request) -> bytes:
    """Every announced byte, or a refusal: Django hands a chunked body over as empty, a truncated one as whole."""
    environ = request.META  # WSGI's own: what Django has made of the body says nothing of what was announced
    chunked = "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower()
    announced = None if chunked else _announced_length(environ)
    if announced is not None and announced > LARGEST_BODY:
        raise TooLarge
    if chunked and not environ.get("wsgi.input_terminated"):
        raise LengthRequired
    body = _read(environ, announced)
    if len(body) > LARGEST_BODY:
        raise TooLarge
    if announced is not None and len(body) < announced:
        raise ParseError("The body is shorter than its Content-Length.")
    if not body:
        raise LengthRequired
    return body


def _announced_length(environ: dict[str, Any]) -> int:
    text = environ.get("CONTENT_LENGTH") or ""
    if not (text.isascii() and text.isdigit()) or int(text) == 0:
        raise LengthRequired
    return int(text)


def _read(environ: dict[str, Any], announced: int | None) -> bytes:
    body: bytes = b""
    try:
        body = environ["wsgi.input"].read(LARGEST_BODY + 1 if announced is None else announced)
    except OSError as error:  # the sender went away, or its chunks are no chunks
        if not environ.get(TOO_SLOW):
            raise ParseError("The body ended too early.") from error
    if environ.get(TOO_SLOW):
        raise TooSlow
    return body


class TenoviWebhook(APIView):
    """Keep the delivery and answer at once. Its kind's task understands it later."""

    http_method_names = ["post"]
    authentication_classes = (TenoviHeader,)
    permission_classes = ()
    parser_classes = ()  # nothing is parsed: a body that we can't read is still evidence
    content_negotiation_class = AnyAnswerWillDo
    policy = "public"  # proven by its header, not by a person's session
    kind: str = ""
    task: str = ""

    def get_exception_handler(self) -> Callable[..., Response | None]:
        return refusal

    def post(self, request: Request) -> Response:
        body = complete_body(request)
        try:
            request._request.delivery = processing.receive(kind=self.kind, body=body)  # type: ignore[attr-defined]  # for the access line
        except DatabaseTrouble as error:
            logger.error("webhook not kept, answered 503: %s", type(error).__name__)
            return Response(status=status.HTTP_503_SERVICE_UNAVAILABLE, headers={"Retry-After": "5"})
        nudge(self.task)  # no id: the task drains whatever waits
        return Response(status=status.HTTP_204_NO_CONTENT)
