"""Figures for Prometheus. What waits, failed or stopped is read from the database at each scrape, so it is the same in
every process; requests are counted by each web process in files that gunicorn's workers share."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator

from django.db.models import Count, Sum
from django.utils import timezone
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector

from devices.models import Delivery, HookTally, KeySlot, PeriodicJob, SyncRow, SyncRun, VendorCall
from devices.models.delivery import DeliveryState
from devices.models.sync import SyncKind
from devices.monitoring import checks
from devices.monitoring.queue_age import WAITS
from devices.webhooks.outcome_counts import ALARM_WITHIN

CONTENT_TYPE = CONTENT_TYPE_LATEST
METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"})

requests = Histogram(
    "vitals_request_seconds",
    "Requests by route (never by address: no id, no name), method and status.",
    ("route", "method", "status"),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)


def saw_request(*, route: str, method: str, status: int, seconds: float) -> None:
    known = method if method in METHODS else "other"
    requests.labels(route=route, method=known, status=str(status)).observe(seconds)


def exposition() -> bytes:
    registry = CollectorRegistry()
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        MultiProcessCollector(registry)
    else:
        registry.register(REGISTRY)
    registry.register(House())
    return generate_latest(registry)


class House:
    """The state of work, from the database. No label is a patient's, a person's or a device's."""

    def collect(self) -> Iterator[Metric]:
        problems = checks.problems()
        yield gauge("ok", "1 while this runs as it must.", "sign", _signs(problems))
        if "database" in problems:
            return
        yield from self._work()

    def _work(self) -> Iterator[Metric]:
        late = [(name, wait.overdue_by().total_seconds()) for name, wait in WAITS.items()]
        yield gauge("overdue_seconds", "How long the oldest has been due.", "queue", late)
        yield gauge("deliveries", "Deliveries that aren't done.", ("kind", "state"), _deliveries())
        calls = VendorCall.objects.order_by().values_list("kind", "state").annotate(count=Count("pk"))
        yield gauge("vendor_calls", "Calls that change something at the vendor.", ("kind", "state"), calls)
        yield gauge("pulls", "Patients of unfinished runs.", "state", _pulls())
        stopped = [(slot.bucket, float(slot.bad_since is not None)) for slot in KeySlot.objects.all()]
        yield gauge("key_stopped", "1 while the vendor refuses this key.", "key", stopped)
        yield gauge("hooks_last_hour", "Hooks of the last hour by how they ended.", "outcome", _hooks())
        jobs = PeriodicJob.objects.filter(succeeded_at__isnull=False).values_list("name", "succeeded_at")
        succeeded = [(name, at.timestamp()) for name, at in jobs if at]
        yield gauge("job_success_timestamp_seconds", "Last success of a job or process.", "job", succeeded)
        yield gauge("missed_by_webhooks", "Readings that only the last nightly run brought.", (), _missed())


def gauge(name: str, words: str, labels: str | tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> Metric:
    """Of each row the last is the value, what stands before it the labels."""
    names = (labels,) if isinstance(labels, str) else labels
    family = GaugeMetricFamily(f"vitals_{name}", words, labels=names)
    for *values, value in rows:
        family.add_metric([str(each) for each in values], float(value))  # type: ignore[arg-type]  # rows are of any width
    return family


def _signs(problems: dict[str, str]) -> list[tuple[object, ...]]:
    judged = ("database", "broker") if "database" in problems else tuple(checks.CHECKS)
    return [(name, name not in problems) for name in judged]


def _deliveries() -> Iterable[tuple[object, ...]]:
    """Not those that are done: they are millions. Two questions, because each has an index of its own."""
    for states in ((DeliveryState.NEW,), (DeliveryState.WAITING, DeliveryState.QUARANTINED, DeliveryState.DEAD)):
        some = Delivery.objects.filter(state__in=states).order_by()
        yield from some.values_list("kind", "state").annotate(count=Count("pk"))


def _pulls() -> Iterable[tuple[object, ...]]:
    rows = SyncRow.objects.filter(run__finished_at__isnull=True).order_by()
    return rows.values_list("state").annotate(count=Count("pk"))


def _hooks() -> Iterable[tuple[object, ...]]:
    recent = dict.fromkeys(HookTally.Outcome.values, 0)
    recent |= HookTally.objects.since(timezone.now() - ALARM_WITHIN).totals("outcome")
    return list(recent.items())


def _missed() -> list[tuple[object, ...]]:
    finished = SyncRun.objects.filter(kind=SyncKind.MEASUREMENTS, nightly=True, finished_at__isnull=False)
    last = finished.order_by("-finished_at").first()
    return [(last.rows.aggregate(total=Sum("missed", default=0))["total"],)] if last else []
