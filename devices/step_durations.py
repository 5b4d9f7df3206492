"""Step durations: how long a vendor call or a device usually stays in a state, and what to do when it takes longer."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.db.models import BooleanField, Func, Q
from django.db.models.sql.compiler import SQLCompiler
from django.utils import timezone

from devices.models import Device
from devices.models.vendor_call import CallState
from devices.statuses import DeviceState, StatusText

MINUTE, DAY = dt.timedelta(minutes=1), dt.timedelta(days=1)
# Sending: our workers' intervals. Shipping: the vendor's and the carriers' usual times with a weekend in between.
USUAL_DURATIONS: dict[str, dt.timedelta] = {
    CallState.QUEUED: 5 * MINUTE,
    CallState.SENDING: 5 * MINUTE,
    DeviceState.PENDING: 5 * DAY,
    DeviceState.REQUESTED: 4 * DAY,
    DeviceState.READY: 4 * DAY,
    DeviceState.SHIPPED: 8 * DAY,
}
SEARCH_SETTLE_TIMES = 5  # a call with an unclear answer is resolved after four settle times, or a person is asked
# The vendor's own date of a state: it may be days before we read that state.
VENDOR_DATES: dict[str, str] = {DeviceState.SHIPPED: "shipped_on", DeviceState.DELIVERED: "delivered_on"}
DONT_ORDER_AGAIN = "Please don't order it again."
OVERDUE_TEXTS: dict[str, StatusText] = {
    CallState.QUEUED: StatusText(
        "warn",
        "It should have been sent to the vendor within minutes, and it still waits.",
        f"{DONT_ORDER_AGAIN} It is sent by itself as soon as the vendor can be reached.",
    ),
    CallState.SENDING: StatusText(
        "warn",
        "Its sending has begun and not ended, so the vendor may have it.",
        f"{DONT_ORDER_AGAIN} It is searched for at the vendor by itself.",
    ),
    CallState.UNKNOWN: StatusText(
        "warn",
        "It was sent, and for longer than usual nothing could be found out about it.",
        f"{DONT_ORDER_AGAIN} If it is urgent, ask the vendor, with its reference.",
    ),
    DeviceState.PENDING: StatusText(
        "warn", "It should have been shipped by now.", "Ask who ships it, or cancel it and order again."
    ),
    DeviceState.REQUESTED: StatusText(
        "warn",
        "The vendor accepted it days ago and has not shipped it.",
        "Ask the vendor why, with its reference, or cancel it and order again.",
    ),
    DeviceState.READY: StatusText(
        "warn", "It was packed days ago and has not left the vendor.", "Ask the vendor why, with its reference."
    ),
    DeviceState.SHIPPED: StatusText(
        "warn", "It has been on its way for longer than usual.", "Track the parcel; ask the patient, then the vendor."
    ),
    DeviceState.DELIVERED: StatusText(
        "warn",
        "It arrived days ago, and no reading has come.",
        "Call the patient and help with the first measurement.",
    ),
}


def usual_durations() -> dict[str, dt.timedelta]:
    """By state; states without an entry may last, or need a person at once."""
    return USUAL_DURATIONS | {
        CallState.UNKNOWN: dt.timedelta(seconds=SEARCH_SETTLE_TIMES * settings.ORDER_SETTLE_SECONDS),
        DeviceState.DELIVERED: dt.timedelta(days=settings.UNUSED_DEVICE_DAYS),
    }


def is_overdue(state: str, since: dt.datetime | None) -> bool:
    usual = usual_durations().get(state)
    return usual is not None and since is not None and timezone.now() - since > usual


def overdue_condition(now: dt.datetime, *, state: str, since: str, vendor_dates: Mapping[str, str] | None = None) -> Q:
    """Of rows with a column `state` that has not changed since the column `since`, or since the vendor's date of it.

    The states are listed too, because an index is searched by them.
    """
    durations = usual_durations()
    overdue = StepOverdue(state, since, now, durations=durations, vendor_dates=vendor_dates or {})
    return Q(**{f"{state}__in": list(durations)}) & Q(overdue)


class StepOverdue(Func):
    """SQL expression of a list of states with their durations; as alternatives of a Q, order lists took a fifth longer.

    A vendor's date counts in its own state only. NULL for a state without a duration.
    """

    output_field = BooleanField()

    def __init__(
        self,
        state: str,
        since: str,
        now: dt.datetime,
        *,
        durations: Mapping[str, dt.timedelta],
        vendor_dates: Mapping[str, str],
    ) -> None:
        self.durations, self.dated_states = durations, tuple(vendor_dates)
        super().__init__(state, since, now, *vendor_dates.values())

    def as_sql(self, compiler: SQLCompiler, *_: Any, **__: Any) -> tuple[str, Any]:
        (state, _), (since, _), (now, values), *dates = map(compiler.compile, self.get_source_expressions())
        if dates:
            of_state = zip(self.dated_states, dates, strict=True)
            dated = " ".join(f"WHEN '{value}' THEN {column}" for value, (column, _) in of_state)
            since = f"LEAST({since}, CASE {state} {dated} END)"  # LEAST ignores NULL
        usual = " ".join(
            f"WHEN '{value}' THEN interval '{usual.total_seconds():.0f} s'" for value, usual in self.durations.items()
        )
        return f"{since} + CASE {state} {usual} END < {now}", values


def describe_device(device: Device) -> StatusText:
    """The meaning of its state, and what to do; also when it has not moved for longer than usual."""
    dated = VENDOR_DATES.get(device.state)
    since = (getattr(device, dated) if dated else None) or device.state_since
    overdue = device.first_reading_at is None and is_overdue(device.state, since)
    return OVERDUE_TEXTS[device.state] if overdue else DeviceState(device.state).text
