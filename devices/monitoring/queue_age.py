"""Queue ages: for each kind of waiting work, since when its oldest row has been due."""

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

SHORT_LIMIT = dt.timedelta(minutes=5)
REVIEW_LIMIT = dt.timedelta(hours=4)
NIGHT_LIMIT = dt.timedelta(hours=12)  # 10,000 patients on one key take three hours
DAY_LIMIT = dt.timedelta(days=1)


@dataclass(frozen=True)
class QueueAge:
    """`oldest` is when the first of them was due (None: nothing waits); overdue by `limit`, something is wrong."""

    what: str
    limit: dt.timedelta
    oldest: Callable[[], dt.datetime | None]

    def overdue_by(self) -> dt.timedelta:
        due = self.oldest()
        return max(dt.timedelta(0), timezone.now() - due) if due else dt.timedelta(0)

    def problem(self) -> str | None:
        late = self.overdue_by()
        return f"{self.what} for {format_duration(late)}" if late > self.limit else None


def format_duration(time: dt.timedelta) -> str:
    minutes = int(time.total_seconds() // 60)
    return f"{minutes} minutes" if minutes < 180 else f"{minutes // 60} hours"


def oldest_delivery(kind: DeliveryKind) -> Callable[[], dt.datetime | None]:
    new = Delivery.objects.filter(kind=kind, state=DeliveryState.NEW).order_by()
    return lambda: new.all().aggregate(at=Min("next_attempt_at"))["at"]


def oldest_unknown_device() -> dt.datetime | None:
    waiting = Delivery.objects.filter(state=DeliveryState.WAITING).order_by()
    return waiting.aggregate(at=Min("received_at"))["at"]


def oldest_call(state: CallState, *since: str) -> Callable[[], dt.datetime | None]:
    calls = VendorCall.objects.filter(state=state).order_by()
    return lambda: calls.all().aggregate(at=Min(Coalesce(*since) if len(since) > 1 else since[0]))["at"]


def oldest_pull() -> dt.datetime | None:
    rows = SyncRow.objects.filter(state=SyncRowState.WAITING, run__finished_at__isnull=True).order_by()
    return rows.aggregate(at=Min("next_attempt_at"))["at"]


def oldest_refresh() -> dt.datetime | None:
    return Device.objects.order_by().aggregate(at=Min("refresh_due_at"))["at"]


def oldest_gateway_status() -> dt.datetime | None:
    return Gateway.objects.order_by().aggregate(at=Min("status_due_at"))["at"]


def oldest_lookup() -> dt.datetime | None:
    """Of both kinds the older one; Least would not use the two indexes."""
    gateways = Gateway.objects.order_by().aggregate(at=Min("lookup_requested_at"))["at"]
    swaps = Device.objects.order_by().aggregate(at=Min("hardware_log_due_at"))["at"]
    return min((at for at in (gateways, swaps) if at), default=None)


QUEUE_AGES = {
    "inbox_readings": QueueAge("readings wait", SHORT_LIMIT, oldest_delivery(DeliveryKind.MEASUREMENT)),
    "inbox_fulfillment": QueueAge("shipping news waits", SHORT_LIMIT, oldest_delivery(DeliveryKind.FULFILLMENT)),
    "inbox_special_orders": QueueAge("special orders wait", SHORT_LIMIT, oldest_delivery(DeliveryKind.SPECIAL_ORDER)),
    "inbox_unknown_devices": QueueAge("deliveries of unknown devices wait", DAY_LIMIT, oldest_unknown_device),
    "calls_queued": QueueAge("calls wait to be sent", SHORT_LIMIT, oldest_call(CallState.QUEUED, "next_attempt_at")),
    "calls_sending": QueueAge(
        "calls of dead workers wait", SHORT_LIMIT, oldest_call(CallState.SENDING, "leased_until")
    ),
    "calls_unknown": QueueAge(
        "calls with unclear answers wait to be searched for",
        SHORT_LIMIT,
        oldest_call(CallState.UNKNOWN, "search_after"),
    ),
    "calls_needs_review": QueueAge(
        "calls wait for a person", REVIEW_LIMIT, oldest_call(CallState.NEEDS_REVIEW, "unknown_since", "created_at")
    ),
    "pulls": QueueAge("patients wait to be pulled", NIGHT_LIMIT, oldest_pull),
    "gateway_statuses": QueueAge("gateways wait to be asked about", NIGHT_LIMIT, oldest_gateway_status),
    "lookups": QueueAge("requested look-ups at the vendor wait", SHORT_LIMIT, oldest_lookup),
    "device_refreshes": QueueAge("devices wait to be read again", SHORT_LIMIT, oldest_refresh),
}
