"""What waits in the database to be worked on, and since when the oldest of each kind should have been."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import Min
from django.db.models.functions import Coalesce
from django.utils import timezone

from devices.models import Delivery, Device, Gateway, SyncRow, VendorCall
from devices.models.delivery import DeliveryKind, DeliveryState
from devices.models.sync import SyncRowState
from devices.models.vendor_call import CallState

SOON = dt.timedelta(minutes=5)
PERSONS_TIME = dt.timedelta(hours=4)
NIGHT = dt.timedelta(hours=12)  # 10,000 patients on one key take three hours
DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Wait:
    """`oldest` is when the first of them was due (None: nothing waits); overdue by `limit`, something is wrong."""

    what: str
    limit: dt.timedelta
    oldest: Callable[[], dt.datetime | None]

    def overdue_by(self) -> dt.timedelta:
        due = self.oldest()
        return max(dt.timedelta(0), timezone.now() - due) if due else dt.timedelta(0)

    def problem(self) -> str | None:
        late = self.overdue_by()
        return f"{self.what} for {in_words(late)}" if late > self.limit else None


def in_words(time: dt.timedelta) -> str:
    minutes = int(time.total_seconds() // 60)
    return f"{minutes} minutes" if minutes < 180 else f"{minutes // 60} hours"


def _deliveries(kind: DeliveryKind) -> Callable[[], dt.datetime | None]:
    new = Delivery.objects.filter(kind=kind, state=DeliveryState.NEW).order_by()
    return lambda: new.all().aggregate(at=Min("next_attempt_at"))["at"]


def _unknown_devices() -> dt.datetime | None:
    waiting = Delivery.objects.filter(state=DeliveryState.WAITING).order_by()
    return waiting.aggregate(at=Min("received_at"))["at"]


def _calls(state: CallState, *since: str) -> Callable[[], dt.datetime | None]:
    calls = VendorCall.objects.filter(state=state).order_by()
    return lambda: calls.all().aggregate(at=Min(Coalesce(*since) if len(since) > 1 else since[0]))["at"]


def _pulls() -> dt.datetime | None:
    rows = SyncRow.objects.filter(state=SyncRowState.WAITING, run__finished_at__isnull=True).order_by()
    return rows.aggregate(at=Min("next_attempt_at"))["at"]


def _rereads() -> dt.datetime | None:
    return Device.objects.order_by().aggregate(at=Min("reread_at"))["at"]


def _gateways() -> dt.datetime | None:
    return Gateway.objects.order_by().aggregate(at=Min("ask_at"))["at"]


def _looks() -> dt.datetime | None:
    """Of both kinds the older one; Least would not use the two indexes."""
    gateways = Gateway.objects.order_by().aggregate(at=Min("look_asked_at"))["at"]
    swaps = Device.objects.order_by().aggregate(at=Min("swaps_due_at"))["at"]
    return min((at for at in (gateways, swaps) if at), default=None)


WAITS = {
    "inbox_readings": Wait("readings wait", SOON, _deliveries(DeliveryKind.MEASUREMENT)),
    "inbox_fulfillment": Wait("shipping news waits", SOON, _deliveries(DeliveryKind.FULFILLMENT)),
    "inbox_special_orders": Wait("special orders wait", SOON, _deliveries(DeliveryKind.SPECIAL_ORDER)),
    "inbox_unknown_devices": Wait("deliveries of unknown devices wait", DAY, _unknown_devices),
    "calls_intent": Wait("calls wait to be sent", SOON, _calls(CallState.INTENT, "next_attempt_at")),
    "calls_sending": Wait("calls of dead workers wait", SOON, _calls(CallState.SENDING, "leased_until")),
    "calls_unknown": Wait(
        "calls with unclear answers wait to be searched for", SOON, _calls(CallState.UNKNOWN, "search_after")
    ),
    "calls_needs_human": Wait(
        "calls wait for a person", PERSONS_TIME, _calls(CallState.NEEDS_HUMAN, "unknown_since", "created_at")
    ),
    "pulls": Wait("patients wait to be pulled", NIGHT, _pulls),
    "gateways_to_ask": Wait("gateways wait to be asked about", NIGHT, _gateways),
    "looks": Wait("somebody waits for a look at the vendor", SOON, _looks),
    "rereads": Wait("devices wait to be read again", SOON, _rereads),
}
