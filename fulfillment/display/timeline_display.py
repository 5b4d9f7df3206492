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
from fulfillment.models.status import status_label

UNCONFIRMED_SOURCE = EventSource.WEBHOOK
# Told in the vendor's words, which we have our own for.
VENDOR_STAGES = frozenset(DeviceState.values) - {DeviceState.OTHER, DeviceState.CANCELLED}


@dataclass
class TimelineRow:
    """One thing that happened. `told` by webhook, `known` from the vendor's record, our call, a reading or a person."""

    first_event: OrderEvent
    reported_at: dt.datetime | None = None
    confirmed_at: dt.datetime | None = None
    source: str = ""
    text: str = ""
    vendor_quote: str = ""  # the vendor's own word, where it is another one
    link: str = ""
    devices: list[str] = field(default_factory=list)
    report_count: int = 0

    @property
    def at(self) -> dt.datetime:
        return self.confirmed_at or self.reported_at or self.first_event.at

    @property
    def unconfirmed(self) -> bool:
        """Not read from the vendor since. What was read and said otherwise is only told."""
        device = self.first_event.device
        return self.confirmed_at is None and (
            device is None or device.fetched_at is None or device.fetched_at < self.at
        )

    @property
    def confirmed_within_minute(self) -> bool:
        return bool(
            self.reported_at
            and self.confirmed_at
            and truncate_to_minute(self.reported_at) == truncate_to_minute(self.confirmed_at)
        )

    def displays_same_as(self, other: TimelineRow) -> bool:
        """The same news of another device of the order, told and known in the same minutes."""
        mine, theirs = (
            (truncate_to_minute(row.reported_at), truncate_to_minute(row.confirmed_at)) for row in (self, other)
        )
        return mine == theirs and (self.text, self.source, self.link) == (other.text, other.source, other.link)


@dataclass(frozen=True)
class TimelineDay:
    name: str  # today, yesterday, or the date in words
    rows: list[TimelineRow]


def build_timeline(events: Iterable[OrderEvent], *, zone: str) -> list[TimelineDay]:
    """`events` oldest first; days and rows come newest first, days as the clinic's calendar has them."""
    rows = sorted(merge_equal_rows(merge_events(events)), key=lambda row: (row.at, row.first_event.pk), reverse=True)
    here = ZoneInfo(zone)
    today = timezone.now().astimezone(here).date()
    days = groupby(rows, key=lambda row: row.at.astimezone(here).date())
    return [TimelineDay(day_heading(day, today), list(group)) for day, group in days]


def merge_events(events: Iterable[OrderEvent]) -> Iterator[TimelineRow]:
    """Of each line's statuses: what was told before and after it was known belongs to the same row."""
    newest: dict[tuple[object, str], TimelineRow] = {}
    for event in events:
        key = (event.line_id or event.device_id, status_key(event))
        row = newest.get(key)
        if event.source == EventSource.PERSON or not status_key(event):
            yield new_timeline_row(event)
        elif row is None or (row.confirmed_at and event.source != UNCONFIRMED_SOURCE):
            newest[key] = row = new_timeline_row(event)
            yield row  # what follows is added to it while the caller holds it
        else:
            add_event(row, event)


def new_timeline_row(event: OrderEvent) -> TimelineRow:
    row = TimelineRow(first_event=event, devices=[event.line.device_type.name] if event.line else [])
    add_event(row, event)
    return row


def add_event(row: TimelineRow, event: OrderEvent) -> None:
    row.link = event.tracking_link or row.link
    if event.source == UNCONFIRMED_SOURCE:
        row.reported_at, row.report_count = row.reported_at or event.at, row.report_count + 1
    else:
        row.confirmed_at = event.at
    if event.source != UNCONFIRMED_SOURCE or not row.text:
        row.text, row.vendor_quote, row.source = *text_and_vendor_quote(event), event.source


def merge_equal_rows(rows: Iterable[TimelineRow]) -> list[TimelineRow]:
    kept: list[TimelineRow] = []
    for row in list(rows):
        twin = next((each for each in kept if row.devices and each.devices and each.displays_same_as(row)), None)
        if twin and twin.source != EventSource.PERSON:
            twin.devices += row.devices
        else:
            kept.append(row)
    return kept


def text_and_vendor_quote(event: OrderEvent) -> tuple[str, str]:
    """(in our words, the vendor's where they are others). Its record stays at Delivered when a reading has come."""
    if event.status not in VENDOR_STAGES or event.source == EventSource.PERSON:
        return event.text or status_label(event.status), ""
    label = status_label(event.status)
    same = event.status == LineStatus.CONNECTED or event.text.casefold() in ("", label.casefold())
    return label, "" if same else event.text


def status_key(event: OrderEvent) -> str:
    """Our word for it; the vendor's where we have none."""
    known = event.status and event.status != LineStatus.OTHER
    return event.status if known else event.text.casefold()


def truncate_to_minute(at: dt.datetime | None) -> dt.datetime | None:
    return at and at.replace(second=0, microsecond=0)


def day_heading(day: dt.date, today: dt.date) -> str:
    near = {0: "Today", 1: "Yesterday"}.get((today - day).days)
    year = "" if day.year == today.year else f", {day.year}"
    return near or f"{day:%A}, {day:%B} {day.day}{year}"
