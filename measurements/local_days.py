"""Calendar days in the patient's time zone, from local midnight to local midnight, 23 to 25 hours long."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property
from zoneinfo import ZoneInfo

ONE_DAY = dt.timedelta(days=1)
# A stamp no further ahead of our clock remains the time taken; further ahead, `ingest.placement` corrects it.
AHEAD_AFTER = dt.timedelta(minutes=5)
RECENT_DAYS_BEFORE = 7  # local days before today, of which a newest value is still a recent one


def local_midnight(day: dt.date, zone: ZoneInfo) -> dt.datetime:
    """The instant (UTC) at which a local day begins.

    Where clocks jump over midnight, the day begins at the jump; where midnight comes twice, at the first one. Both
    are what `fold=0` means.
    """
    return dt.datetime.combine(day, dt.time(), tzinfo=zone).astimezone(dt.UTC)


def is_recent(time: dt.datetime, *, now: dt.datetime, zone: ZoneInfo) -> bool:
    """Whether it is of today or of the 7 local days before. `patient_list.columns` sorts by the same rule."""
    return now.astimezone(zone).date() - time.astimezone(zone).date() <= ONE_DAY * RECENT_DAYS_BEFORE


@dataclass(frozen=True)
class LocalDays:
    """Consecutive calendar days in one named zone, both ends included.

    With `now`, the last day includes what a device's clock has stamped ahead across its midnight, while it lasts.
    """

    zone: ZoneInfo
    first: dt.date
    last: dt.date
    from_beginning: bool = False
    now: dt.datetime | None = field(default=None, compare=False)

    @classmethod
    def until(cls, now: dt.datetime, zone: ZoneInfo, *, days: int) -> LocalDays:
        """So many days including the one that `now` lies in."""
        today = now.astimezone(zone).date()
        return cls(zone, today - ONE_DAY * (days - 1), today, now=now)

    @classmethod
    def since(cls, start: dt.datetime, now: dt.datetime, zone: ZoneInfo) -> LocalDays:
        """From the day of `start` to the day of `now`; at least one day. Lists add what is older."""
        today = now.astimezone(zone).date()
        return cls(zone, min(start.astimezone(zone).date(), today), today, from_beginning=True, now=now)

    def __len__(self) -> int:
        return (self.last - self.first).days + 1

    @cached_property
    def start(self) -> dt.datetime:
        return local_midnight(self.first, self.zone)

    @property
    def list_start(self) -> dt.datetime | None:
        """Where lists of readings begin: None where they begin with the first reading, however old."""
        return None if self.from_beginning else self.start

    @cached_property
    def end(self) -> dt.datetime:
        """The instant after the last day; not part of it. Of today at least five minutes from now, to the second."""
        midnight = local_midnight(self.last + ONE_DAY, self.zone)
        if self.now is None or self.now >= midnight:
            return midnight
        return max(midnight, self.now + AHEAD_AFTER + dt.timedelta(seconds=1))

    @property
    def includes_next_day(self) -> bool:
        """Whether readings stamped ahead across the midnight of the last day belong to it for now."""
        return self.end > local_midnight(self.last + ONE_DAY, self.zone)

    @cached_property
    def day_starts(self) -> list[dt.datetime]:
        """When each day begins, UTC, in order."""
        return [local_midnight(self.first + ONE_DAY * n, self.zone) for n in range(len(self))]

    def day_index(self, time: dt.datetime) -> int:
        """Which of these days `time` lies in, from 0; negative before the first, `len` and more after the last."""
        if time < self.start or time >= self.end:
            return (time.astimezone(self.zone).date() - self.first).days
        return bisect_right(self.day_starts, time) - 1
