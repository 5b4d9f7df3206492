"""Queue ages: for each kind of waiting work, since when its oldest row has been due."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import Min, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from devices.models import Delivery, Device, Gateway, SyncRow, VendorCall
from devices.models.delivery import DeliveryKind, DeliveryState
from devices.models.sync import SyncRowState
from devices.models.vendor_call import CallState
from patients.imports.models import PatientImport
from patients.wording import count_noun

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
    return count_noun(minutes, "minute") if minutes < 180 else count_noun(minutes // 60, "hour")


def oldest_of(rows: QuerySet[Any], *since: str) -> Callable[[], dt.datetime | None]:
    """The earliest `since` of these rows; of several columns the first that is set. The query runs when called."""
    earliest = Min(Coalesce(*since) if len(since) > 1 else since[0])
    return lambda: rows.order_by().aggregate(at=earliest)["at"]


def oldest_lookup() -> dt.datetime | None:
    """The older one of both kinds; Least would not use the two indexes."""
    requested = oldest_of(Gateway.objects.all(), "lookup_requested_at")()
    logs = oldest_of(Device.objects.all(), "hardware_log_due_at")()
    return min((at for at in (requested, logs) if at), default=None)


def new_deliveries(kind: DeliveryKind) -> QuerySet[Any]:
    return Delivery.objects.filter(kind=kind, state=DeliveryState.NEW)


def calls_in(state: CallState) -> QuerySet[Any]:
    return VendorCall.objects.filter(state=state)


WAITING_PULLS = SyncRow.objects.filter(state=SyncRowState.WAITING, run__finished_at__isnull=True)
QUEUE_AGES = {
    "inbox_readings": QueueAge(
        "readings wait", SHORT_LIMIT, oldest_of(new_deliveries(DeliveryKind.MEASUREMENT), "next_attempt_at")
    ),
    "inbox_fulfillment": QueueAge(
        "shipping news waits", SHORT_LIMIT, oldest_of(new_deliveries(DeliveryKind.FULFILLMENT), "next_attempt_at")
    ),
    "inbox_special_orders": QueueAge(
        "special orders wait", SHORT_LIMIT, oldest_of(new_deliveries(DeliveryKind.SPECIAL_ORDER), "next_attempt_at")
    ),
    "inbox_unknown_devices": QueueAge(
        "deliveries of unknown devices wait",
        DAY_LIMIT,
        oldest_of(Delivery.objects.filter(state=DeliveryState.WAITING), "received_at"),
    ),
    "calls_queued": QueueAge(
        "calls wait to be sent", SHORT_LIMIT, oldest_of(calls_in(CallState.QUEUED), "next_attempt_at")
    ),
    "calls_sending": QueueAge(
        "calls of dead workers wait", SHORT_LIMIT, oldest_of(calls_in(CallState.SENDING), "leased_until")
    ),
    "calls_unknown": QueueAge(
        "calls with unclear answers wait to be searched for",
        SHORT_LIMIT,
        oldest_of(calls_in(CallState.UNKNOWN), "search_after"),
    ),
    "calls_needs_review": QueueAge(
        "calls wait for a person",
        REVIEW_LIMIT,
        oldest_of(calls_in(CallState.NEEDS_REVIEW), "unknown_since", "created_at"),
    ),
    "pulls": QueueAge("patients wait to be pulled", NIGHT_LIMIT, oldest_of(WAITING_PULLS, "next_attempt_at")),
    "patient_imports": QueueAge(
        "imports of patients wait", SHORT_LIMIT, oldest_of(PatientImport.objects.active(), "next_attempt_at")
    ),
    "gateway_statuses": QueueAge(
        "gateways wait to be asked about", NIGHT_LIMIT, oldest_of(Gateway.objects.all(), "status_due_at")
    ),
    "lookups": QueueAge("requested look-ups at the vendor wait", SHORT_LIMIT, oldest_lookup),
    "device_refreshes": QueueAge(
        "devices wait to be read again", SHORT_LIMIT, oldest_of(Device.objects.all(), "refresh_due_at")
    ),
}


def register_queue_age(name: str, age: QueueAge) -> None:
    """Of an app to the right; its check is registered beside it."""
    QUEUE_AGES[name] = age
