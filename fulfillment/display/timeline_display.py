"""What happened to an order, told in short: a webhook that a later reading of the device confirms is one row with it.

Nothing is lost by this: the page keeps every event below it, as it came.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import groupby
from zoneinfo import ZoneInfo

from django.utils import timezone

from devices.statuses import DeviceState
from fulfillment.models import EventSource, LineStatus, OrderEvent
from fulfillment.models.status import status_in_words

HEARSAY = EventSource.WEBHOOK
# Told in the vendor's words, which we have our own for.
STAGES = frozenset(DeviceState.values) - {DeviceState.OTHER, DeviceState.CANCELLED}


@dataclass
class Row:
    """One thing that happened. `told` by webhook, `known` from the vendor's record, our call, a reading or a person."""

    first: OrderEvent
    told: dt.datetime | None = None
    known: dt.datetime | None = None
    source: str = ""
    text: str = ""
    quoted: str = ""  # the vendor's own word, where it is another one
    link: str = ""
    devices: list[str] = field(default_factory=list)
    times_told: int = 0

    @property
    def at(self) -> dt.datetime:
        return self.known or self.told or self.first.at

    @property
    def unconfirmed(self) -> bool:
        """Not read from the vendor since. What was read and said otherwise is only told."""
        device = self.first.device
        return self.known is None and (device is None or device.read_at is None or device.read_at < self.at)

    @property
    def told_and_known_at_once(self) -> bool:
        return bool(self.told and self.known and _minute(self.told) == _minute(self.known))

    def looks_like(self, other: Row) -> bool:
        """The same news of another device of the order, told and known in the same minutes."""
        mine, theirs = ((_minute(row.told), _minute(row.known)) for row in (self, other))
        return mine == theirs and (self.text, self.source, self.link) == (other.text, other.source, other.link)


@dataclass(frozen=True)
class Day:
    name: str  # today, yesterday, or the date in words
    rows: list[Row]


def told(events: Iterable[OrderEvent], *, zone: str) -> list[Day]:
    """`events` oldest first; days and rows come newest first, days as the clinic's calendar has them."""
    rows = sorted(_alike_together(_folded(events)), key=lambda row: (row.at, row.first.pk), reverse=True)
    here = ZoneInfo(zone)
    today = timezone.now().astimezone(here).date()
    days = groupby(rows, key=lambda row: row.at.astimezone(here).date())
    return [Day(_day_in_words(day, today), list(group)) for day, group in days]


def _folded(events: Iterable[OrderEvent]) -> Iterator[Row]:
    """Of each line's statuses: what was told before and after it was known belongs to the same row."""
    newest: dict[tuple[object, str], Row] = {}
    for event in events:
        key = (event.line_id or event.device_id, _word(event))
        row = newest.get(key)
        if event.source == EventSource.PERSON or not _word(event):
            yield _row(event)
        elif row is None or (row.known and event.source != HEARSAY):
            newest[key] = row = _row(event)
            yield row  # what follows is added to it while the caller holds it
        else:
            _add(row, event)


def _row(event: OrderEvent) -> Row:
    row = Row(first=event, devices=[event.line.device_type.name] if event.line else [])
    _add(row, event)
    return row


def _add(row: Row, event: OrderEvent) -> None:
    row.link = event.tracking_link or row.link
    if event.source == HEARSAY:
        row.told, row.times_told = row.told or event.at, row.times_told + 1
    else:
        row.known = event.at
    if event.source != HEARSAY or not row.text:
        row.text, row.quoted, row.source = *_said(event), event.source


def _alike_together(rows: Iterable[Row]) -> list[Row]:
    kept: list[Row] = []
    for row in list(rows):
        twin = next((each for each in kept if row.devices and each.devices and each.looks_like(row)), None)
        if twin and twin.source != EventSource.PERSON:
            twin.devices += row.devices
        else:
            kept.append(row)
    return kept


def _said(event: OrderEvent) -> tuple[str, str]:
    """(in our words, the vendor's where they are others). Its record stays at Delivered when a reading has come."""
    if event.status not in STAGES or event.source == EventSource.PERSON:
        return event.text or status_in_words(event.status), ""
    label = status_in_words(event.status)
    same = event.status == LineStatus.CONNECTED or event.text.casefold() in ("", label.casefold())
    return label, "" if same else event.text


def _word(event: OrderEvent) -> str:
    """Our word for it; the vendor's where we have none."""
    known = event.status and event.status != LineStatus.OTHER
    return event.status if known else event.text.casefold()


def _minute(at: dt.datetime | None) -> dt.datetime | None:
    return at and at.replace(second=0, microsecond=0)


def _day_in_words(day: dt.date, today: dt.date) -> str:
    near = {0: "Today", 1: "Yesterday"}.get((today - day).days)
    year = "" if day.year == today.year else f", {day.year}"
    return near or f"{day:%A}, {day:%B} {day.day}{year}"
