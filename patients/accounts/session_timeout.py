"""How long somebody stays signed in: 15 minutes without doing anything, 12 hours at most."""

from __future__ import annotations

import time
from dataclasses import dataclass

from django.contrib.sessions.backends.base import SessionBase

IDLE_SECONDS = 15 * 60
LONGEST_SECONDS = 12 * 60 * 60
# How long before either end the page asks or tells.
ASK_SECONDS = 2 * 60
TELL_SECONDS = 5 * 60
# Written down at most this often, so the idle time may end this much too early, and never too late.
WRITE_SECONDS = 20
# A page that somebody works on says so at most this often.
SAY_SECONDS = 60

BEGAN, ACTIVE = "began_at", "active_at"
IDLE = f"You were signed out because nothing was done for {IDLE_SECONDS // 60} minutes."
TOO_LONG = f"You were signed out after {LONGEST_SECONDS // 3600} hours. Please sign in again."


@dataclass(frozen=True)
class Left:
    """Seconds until the session ends if nothing is done, and whatever is done. 0: it is over."""

    idle: int
    at_most: int


def begin(session: SessionBase) -> None:
    session[BEGAN] = session[ACTIVE] = time.time()


def touch(session: SessionBase) -> None:
    now = time.time()
    if now - session.get(ACTIVE, 0) >= WRITE_SECONDS:
        session[ACTIVE] = now


def left(session: SessionBase) -> Left:
    """A session that never began, because it is older than these rules, is over."""
    now = time.time()
    at_most = max(0, int(session.get(BEGAN, 0) + LONGEST_SECONDS - now))
    idle = max(0, int(session.get(ACTIVE, 0) + IDLE_SECONDS - now))
    return Left(idle=min(idle, at_most), at_most=at_most)


def why_over(session: SessionBase) -> str:
    """In words for the person, or empty while it lasts."""
    rest = left(session)
    if not rest.at_most:
        return TOO_LONG
    return "" if rest.idle else IDLE
