"""Timeline of an order: a webhook and the refresh that confirms it become one row.

The page also lists every single event below the timeline.
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
from fulfillment.models.order_event import CALL_SOURCE_LABELS
from fulfillment.models.status import status_label

# Vendor states that are shown with our label instead of the vendor's.
VENDOR_STAGES = frozenset(DeviceState.values) - {DeviceState.OTHER, DeviceState.CANCELLED}


@dataclass
class TimelineRow:
    """One change. `reported_at`: by webhook; `confirmed_at`: by vendor record, our call, a reading or a person."""

    first_event: OrderEvent
    reported_at: dt.datetime | None = None
    confirmed_at: dt.datetime | None = None
    source: str = ""
    status: str = ""  # of the event that `source` is of
    text: str = ""
    vendor_quote: str = ""  # the vendor's word, where it differs from ours
    link: str = ""
    devices: list[str] = field(default_factory=list)

    @property
    def at(self) -> dt.datetime:
        return self.confirmed_at or self.reported_at or self.first_event.at

    @property
    def unconfirmed(self) -> bool:
        """Reported by webhook, and the device was not read from the vendor since."""
        device = self.first_event.device
        fetched_at = device.fetched_at if device else None
        return self.confirmed_at is None and (fetched_at is None or fetched_at < self.at)

    @property
    def confirmed_later(self) -> bool:
        """Confirmed in another minute than it was reported in."""
        reported, confirmed = truncate_to_minute(self.reported_at), truncate_to_minute(self.confirmed_at)
        return reported is not None and confirmed is not None and reported != confirmed

    @property
    def by_person(self) -> bool:
        return self.source == EventSource.PERSON

    @property
    def is_rejection(self) -> bool:
        return self.first_event.status == LineStatus.REJECTED

    @property
    def origin(self) -> str:
        """How it became known, in words."""
        if self.unconfirmed:
            return "vendor's message, not confirmed yet"
        if self.confirmed_at is None:
            return "vendor's message, not in its record"
        if self.reported_at is not None:
            return "vendor's message, confirmed"
        answers = {EventSource.READING: "by a reading", EventSource.CALL: "vendor's answer"}
        unanswered = CALL_SOURCE_LABELS.get(self.status) if self.source == EventSource.CALL else None
        return unanswered or answers.get(EventSource(self.source), "vendor's record")

    def displays_same_as(self, other: TimelineRow) -> bool:
        """Whether another device's row shows the same, reported and confirmed in the same minutes."""
        mine, theirs = (
            (truncate_to_minute(row.reported_at), truncate_to_minute(row.confirmed_at)) for row in (self, other)
        )
        return mine == theirs and (self.text, self.source, self.link) == (other.text, other.source, other.link)


@dataclass(frozen=True)
class TimelineDay:
    name: str  # today, yesterday, or the date in words
    rows: list[TimelineRow]


def build_timeline(events: Iterable[OrderEvent], *, zone: str) -> list[TimelineDay]:
    """`events` oldest first; returns days and rows newest first, days by the calendar of `zone`."""
    rows = sorted(merge_equal_rows(merge_events(events)), key=lambda row: (row.at, row.first_event.pk), reverse=True)
    today = timezone.now().astimezone(ZoneInfo(zone)).date()
    days = groupby(rows, key=lambda row: row.at.astimezone(ZoneInfo(zone)).date())
    return [TimelineDay(day_heading(day, today), list(group)) for day, group in days]


def merge_events(events: Iterable[OrderEvent]) -> Iterator[TimelineRow]:
    """One row per line and status: webhooks before and after the confirmation belong to the same row."""
    newest: dict[tuple[object, str], TimelineRow] = {}
    for event in events:
        key = (event.line_id or event.device_id, status_key(event))
        row = newest.get(key)
        separate = event.source == EventSource.PERSON or not status_key(event)
        if separate or row is None or (row.confirmed_at and not event.is_webhook):
            row = TimelineRow(first_event=event, devices=[event.line.device_type.name] if event.line else [])
            if not separate:
                newest[key] = row
            yield row  # later events are added to it while the caller holds it
        add_event(row, event)


def add_event(row: TimelineRow, event: OrderEvent) -> None:
    row.link = event.tracking_link or row.link
    if event.is_webhook:
        row.reported_at = row.reported_at or event.at
    else:
        row.confirmed_at = event.at
    if not event.is_webhook or not row.text:
        row.text, row.vendor_quote = text_and_vendor_quote(event)
        row.source, row.status = event.source, event.status


def merge_equal_rows(rows: Iterable[TimelineRow]) -> list[TimelineRow]:
    """Of several devices with the same change, one row that names them all."""
    merged: list[TimelineRow] = []
    for row in list(rows):
        same = next((each for each in merged if row.devices and each.devices and each.displays_same_as(row)), None)
        if same and not same.by_person:
            same.devices += row.devices
        else:
            merged.append(row)
    return merged


def text_and_vendor_quote(event: OrderEvent) -> tuple[str, str]:
    """(our text, the vendor's where it differs). After a first reading the vendor may still say Delivered."""
    if event.status not in VENDOR_STAGES or event.source == EventSource.PERSON:
        return event.text or status_label(event.status), ""
    label = status_label(event.status)
    same = event.status == LineStatus.CONNECTED or event.text.casefold() in ("", label.casefold())
    return label, "" if same else event.text


def status_key(event: OrderEvent) -> str:
    """Our status; the vendor's text where the status is unknown to us."""
    known = event.status and event.status != LineStatus.OTHER
    return event.status if known else event.text.casefold()


def truncate_to_minute(at: dt.datetime | None) -> dt.datetime | None:
    return at and at.replace(second=0, microsecond=0)


def day_heading(day: dt.date, today: dt.date) -> str:
    near = {0: "Today", 1: "Yesterday"}.get((today - day).days)
    year = "" if day.year == today.year else f", {day.year}"
    return near or f"{day:%A}, {day:%B} {day.day}{year}"
