"""UTC clock of the simulator, and the vendor's ISO 8601 time format."""

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo


class Clock:
    """UTC time. A test may pass its own `now` (a function that returns an aware datetime)."""

    def __init__(self, now: Callable[[], datetime] | None = None) -> None:
        self._now = now or (lambda: datetime.now(UTC))

    def now(self) -> datetime:
        return self._now().astimezone(UTC)

    def stamp(self) -> str:
        return format_iso_time(self.now())


def format_iso_time(at: datetime) -> str:
    """`2026-09-20T12:30:00.000000Z`: fixed width, so that text order is time order."""
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def parse_iso_time(text: str) -> datetime:
    """An ISO 8601 time; one without a zone is taken as UTC, as Django does. ValueError for anything else."""
    at = datetime.fromisoformat(text.strip())
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).astimezone(UTC)


def utc_offset_hours(at: datetime, zone: str) -> int:
    """Hours, local minus UTC, following DST; half hours are lost, as at the vendor."""
    offset = at.astimezone(ZoneInfo(zone)).utcoffset()
    return int(offset.total_seconds() // 3600) if offset else 0
