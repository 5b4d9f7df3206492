"""What the head of a patient's page shows of its user's time, in one query."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass

from django.db.models import Exists, OuterRef
from django.utils import timezone

from patients.models import User
from patients.preferences import save_preference
from patients.time_sessions.clock import UNDO_WITHIN, asked_at, end_if_overdue
from patients.time_sessions.models import EndReason, Mode, TimeSession

AUTOMATIC_PREFERENCE = "time_starts_with_page"


@dataclass(frozen=True)
class TimerState:
    """`running`: for this patient or another one. `calls`: those whose end waits to be stated, of any patient."""

    patient_id: uuid.UUID
    running: TimeSession | None
    calls: tuple[TimeSession, ...]
    can_undo: bool
    is_asked: bool
    is_automatic: bool
    seconds: int

    @property
    def is_here(self) -> bool:
        return self.running is not None and self.running.patient_id == self.patient_id

    @property
    def mode(self) -> str:
        return self.running.mode if self.running else ""

    @property
    def is_call(self) -> bool:
        return self.mode == Mode.CALL

    @property
    def place(self) -> str:
        return "none" if self.running is None else "here" if self.is_here else "elsewhere"

    @property
    def key(self) -> str:
        """Another one where a page would show something else; without anything of a patient."""
        running = self.running.pk if self.running else 0
        return f"{running}-{self.place}-{self.can_undo:d}-{self.is_asked:d}-{len(self.calls)}"


def read_timer(user: User, patient_id: uuid.UUID, now: dt.datetime | None = None) -> TimerState:
    now = now or timezone.now()
    before = TimeSession.objects.valid().filter(
        person=user, end_reason=EndReason.SWITCHED, ended_at=OuterRef("started_at")
    )
    rows = TimeSession.objects.open().filter(person=user).select_related("patient__clinic")
    running, calls = None, []
    for session in rows.annotate(is_switched=Exists(before)):
        is_waiting = session.waits_since is not None or (end_if_overdue(session, now) and session.ended_at is None)
        if is_waiting:
            calls.append(session)
        elif session.ended_at is None:
            running = session
    return TimerState(
        patient_id=patient_id,
        running=running,
        calls=tuple(calls),
        can_undo=bool(running and running.is_switched and now - running.started_at <= UNDO_WITHIN),
        is_asked=bool(running and running.mode == Mode.CALL and now >= asked_at(running)),
        is_automatic=starts_with_page(user),
        seconds=int((now - running.started_at).total_seconds()) if running else 0,
    )


def starts_with_page(user: User) -> bool:
    return bool(user.preferences.get(AUTOMATIC_PREFERENCE))


def choose_automatic_start(*, by: User, is_automatic: bool) -> None:
    save_preference(by=by, name=AUTOMATIC_PREFERENCE, value=is_automatic)
