"""Waiting reasons: why calls and look-ups wait for a lane to the vendor that has stopped, since when, who was notified.

A lane is the API keys of user actions or of background work. It stops when the vendor refuses its key, can't be
reached, answers with errors only or asks us to pause, and when no worker of it is running.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.conf import settings
from django.db.models import F, Max
from django.utils import timezone

from devices import tenovi
from devices.models import ApiKeySlot, OperatorAlarm
from devices.models.api_key_slot import StopCause
from devices.tenovi.rate_limiter import SHARED_BUCKET
from patients.queueing.models import PeriodicJob

MIN_FAILING = dt.timedelta(minutes=1)  # a single error that the next call gets over is no stop
MIN_PAUSE = dt.timedelta(minutes=1)
MAX_HEARTBEAT_AGE = dt.timedelta(minutes=3)
ADVICE = "Nothing is lost: what waits is sent by itself once this is over. Please don't order anything again."
# Of `monitoring.checks`: those that fail when a lane stops.
LANE_ALARMS = (
    *("vendor_key", "beat", "broker", "worker_people", "worker_background", "unknown_devices", "lookups"),
    *("calls_queued", "calls_sending", "calls_unknown", "device_refreshes", "pulls", "gateway_statuses"),
)


@dataclass(frozen=True)
class LaneStop:
    """`mailed_at`: when operators were last mailed about it; None if they have not been (yet)."""

    cause: StopCause
    since: dt.datetime | None
    until: dt.datetime | None = None  # where the vendor has said how long to wait
    mailed_at: dt.datetime | None = None
    advice: str = ADVICE

    @property
    def what(self) -> str:
        return str(self.cause.label)

    @property
    def can_be_mailed(self) -> bool:
        return bool(settings.OPERATOR_EMAILS)


def user_lane_stop() -> LaneStop | None:
    """Why orders, cancellations and look-ups wait; None while they are sent. Two queries, three for a stopped lane."""
    keys = tenovi.configured_keys()[:1] if settings.TENOVI_API_KEYS else []
    return lane_stop([key.bucket for key in keys], worker="people")


def background_lane_stop() -> LaneStop | None:
    """Why comparisons, pulls and look-ups of unknown devices wait."""
    keys = tenovi.configured_keys() if settings.TENOVI_API_KEYS else []
    return lane_stop([key.bucket for key in keys[1:] or keys], worker="background")


def lane_stop(buckets: Iterable[str], *, worker: str) -> LaneStop | None:
    now, slots = timezone.now(), {slot.bucket: slot for slot in ApiKeySlot.objects.all()}
    usable = [slots[bucket] for bucket in buckets if bucket in slots and slots[bucket].refused_since is None]
    beat = PeriodicJob.objects.filter(name=f"worker {worker}").values_list("succeeded_at", flat=True).first()
    refused = [slot.refused_since for slot in slots.values() if slot.refused_since]
    failing = [slot for slot in usable if slot.failing_since and now - slot.failing_since > MIN_FAILING]
    paused = [slots[SHARED_BUCKET]] if settings.TENOVI_SHARED_BUCKET and SHARED_BUCKET in slots else usable
    if refused and not usable:  # a key that was never used has no row yet: the one that it replaces is refused
        return with_mail_time(StopCause.KEY, min(refused))
    if beat and now - beat > MAX_HEARTBEAT_AGE:
        return with_mail_time(StopCause.WORKER, beat)
    if failing and len(failing) == len(usable):
        since = min(slot.failing_since for slot in failing if slot.failing_since)
        return with_mail_time(StopCause(failing[0].failing_cause), since)
    if paused and (until := min(slot.next_free_at for slot in paused)) - now > MIN_PAUSE:
        return with_mail_time(StopCause.PAUSED, None, until)
    return None


def with_mail_time(cause: StopCause, since: dt.datetime | None, until: dt.datetime | None = None) -> LaneStop:
    lasting = OperatorAlarm.objects.filter(name__in=LANE_ALARMS, resolved_at__isnull=True, mailed_at__gte=F("since"))
    return LaneStop(cause, since, until, lasting.aggregate(at=Max("mailed_at"))["at"])
