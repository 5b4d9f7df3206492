"""Error pages. They make no query, because the database may be the cause."""

from __future__ import annotations

import sys

from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.template import loader

RETRY_AFTER_SECONDS = 30


def server_error_page(_request: HttpRequest) -> HttpResponse:
    """503 for an unavailable database, 500 for everything else."""
    away = isinstance(sys.exc_info()[1], (OperationalError, InterfaceError))
    status = 503 if away else 500
    headers = {"Retry-After": str(RETRY_AFTER_SECONDS)} if away else {}
    return HttpResponse(loader.get_template(f"{status}.html").render(), status=status, headers=headers)
