"""Session timeout: 15 minutes without activity, 12 hours at most."""

from __future__ import annotations

import time
from dataclasses import dataclass

from django.contrib.sessions.backends.base import SessionBase

IDLE_TIMEOUT_SECONDS = 15 * 60
MAX_SESSION_SECONDS = 12 * 60 * 60
# How long before the idle end and before the maximum age the page shows its notice.
IDLE_WARNING_SECONDS = 2 * 60
EXPIRY_NOTICE_SECONDS = 5 * 60
# Activity is stored at most this often, so the idle time may end this much too early, and never too late.
ACTIVITY_WRITE_SECONDS = 20
# A page with user activity reports it at most this often.
KEEPALIVE_SECONDS = 60

STARTED_AT_KEY, LAST_ACTIVE_AT_KEY = "began_at", "active_at"
IDLE_TIMEOUT_MESSAGE = f"You were signed out because nothing was done for {IDLE_TIMEOUT_SECONDS // 60} minutes."
MAX_SESSION_MESSAGE = f"You were signed out after {MAX_SESSION_SECONDS // 3600} hours. Please sign in again."


@dataclass(frozen=True)
class SessionTimeLeft:
    """Seconds until the session ends without activity, and at the latest. 0: it has ended."""

    idle_seconds: int
    total_seconds_left: int


def start_session_timer(session: SessionBase) -> None:
    session[STARTED_AT_KEY] = session[LAST_ACTIVE_AT_KEY] = time.time()


def record_activity(session: SessionBase) -> None:
    now = time.time()
    if now - session.get(LAST_ACTIVE_AT_KEY, 0) >= ACTIVITY_WRITE_SECONDS:
        session[LAST_ACTIVE_AT_KEY] = now


def session_time_left(session: SessionBase) -> SessionTimeLeft:
    """A session without a start time, older than these rules, has ended."""
    now = time.time()
    at_most = max(0, int(session.get(STARTED_AT_KEY, 0) + MAX_SESSION_SECONDS - now))
    idle = max(0, int(session.get(LAST_ACTIVE_AT_KEY, 0) + IDLE_TIMEOUT_SECONDS - now))
    return SessionTimeLeft(idle_seconds=min(idle, at_most), total_seconds_left=at_most)


def session_end_reason(session: SessionBase) -> str:
    """Text for the user why it ended, or empty while it is valid."""
    rest = session_time_left(session)
    if not rest.total_seconds_left:
        return MAX_SESSION_MESSAGE
    return "" if rest.idle_seconds else IDLE_TIMEOUT_MESSAGE
