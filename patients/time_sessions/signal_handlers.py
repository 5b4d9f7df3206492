"""Signing out, by a person or by the idle limit, ends the time that this sign-in started."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.signals import user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from patients.models import User
from patients.time_sessions.timer import end_at_sign_out

RUNNING_KEY = "time_session"  # in the session of the sign-in: which time session it started or saw running


@receiver(user_logged_out)
def end_time_at_sign_out(request: HttpRequest, user: User | None, **_: Any) -> None:
    if user is not None and (session_id := request.session.get(RUNNING_KEY)):
        end_at_sign_out(person=user, now=timezone.now(), session_id=session_id)
