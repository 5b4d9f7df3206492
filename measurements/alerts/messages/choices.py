"""What a person has chosen: severities that are mailed, quiet hours, the sound of the triage list."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from measurements.alerts.engine.rules import Severity
from measurements.alerts.messages.stages import OBLIGED_STAGES, Stage
from patients.models import User
from patients.preferences import save_preference

PREFERENCE = "alert_messages"
DEFAULT_SEVERITIES = (Severity.CRITICAL, Severity.WARNING)


@dataclass(frozen=True)
class MessageChoices:
    """`quiet_from`, `quiet_until`: times of the day of the patient's clinic; both or none."""

    severities: tuple[str, ...] = DEFAULT_SEVERITIES
    quiet_from: dt.time | None = None
    quiet_until: dt.time | None = None
    has_sound: bool = False

    def is_wanted(self, severity: str, stage: Stage) -> bool:
        return is_obliged(severity, stage) or severity in self.severities

    def quiet_end(self, severity: str, stage: Stage, now: dt.datetime, zone: ZoneInfo) -> dt.datetime:
        """When a message may be sent: now, or after the quiet hours."""
        if self.quiet_from is None or self.quiet_until is None or is_obliged(severity, stage):
            return now
        local = now.astimezone(zone)
        time, begins, ends = local.time(), self.quiet_from, self.quiet_until
        is_quiet = begins <= time < ends if begins < ends else time >= begins or time < ends
        if not is_quiet:
            return now
        day = local.date() + dt.timedelta(days=int(time >= ends))
        return max(now, dt.datetime.combine(day, ends, zone).astimezone(dt.UTC))


def is_obliged(severity: str, stage: Stage) -> bool:
    return severity == Severity.CRITICAL and stage in OBLIGED_STAGES


def choices_of(user: User) -> MessageChoices:
    """As stored; what is malformed is as if nothing was chosen."""
    stored: Any = user.preferences.get(PREFERENCE)
    if not isinstance(stored, Mapping):
        return MessageChoices()
    times = [read_time(stored.get(name)) for name in ("quiet_from", "quiet_until")]
    quiet_from, quiet_until = times if all(times) and times[0] != times[1] else (None, None)
    chosen = stored.get("severities", DEFAULT_SEVERITIES)
    return MessageChoices(
        severities=tuple(severity.value for severity in Severity if severity in chosen),
        quiet_from=quiet_from,
        quiet_until=quiet_until,
        has_sound=stored.get("has_sound") is True,
    )


def read_time(text: object) -> dt.time | None:
    try:
        return dt.time.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        return None


def save_choices(*, by: User, choices: MessageChoices) -> None:
    save_preference(
        by=by,
        name=PREFERENCE,
        value={
            "severities": [str(severity) for severity in choices.severities],
            "quiet_from": f"{choices.quiet_from:%H:%M}" if choices.quiet_from else None,
            "quiet_until": f"{choices.quiet_until:%H:%M}" if choices.quiet_until else None,
            "has_sound": choices.has_sound,
        },
    )
