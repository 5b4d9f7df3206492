"""The mails of the demonstration, read from its folder. The route exists in the demonstration only."""

from __future__ import annotations

import datetime as dt
import email
import email.policy
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from patients.permissions import requires_sign_in

MAX_SHOWN = 50
END_OF_MAIL = b"-" * 79  # written by Django's file backend after each


@dataclass(frozen=True)
class DemoMail:
    to: str
    subject: str
    body: str
    written_at: dt.datetime


@requires_sign_in
@require_safe
def demo_mails(request: HttpRequest) -> HttpResponse:
    return render(request, "account/demo_mails.html", {"mails": read_mails(Path(settings.EMAIL_FILE_PATH))})


def read_mails(folder: Path) -> list[DemoMail]:
    """The newest ones first."""
    files = sorted(folder.glob("*.log"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    return [mail for path in files[:MAX_SHOWN] for mail in mails_of_file(path)][:MAX_SHOWN]


def mails_of_file(path: Path) -> list[DemoMail]:
    written_at = dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC)
    found = []
    for part in path.read_bytes().split(END_OF_MAIL):
        if part.strip():
            message = email.message_from_bytes(part.lstrip(), policy=email.policy.default)
            text = message.get_body(("plain",))
            body = text.get_content() if text else ""
            found.append(DemoMail(str(message["To"]), str(message["Subject"]), body, written_at))
    return found[::-1]
