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

from devices.models import ApiKeySlot, Delivery, SyncRow, SyncRun, VendorCall, WebhookCount
from devices.models.delivery import DeliveryState
from devices.models.sync import SyncKind
from devices.monitoring import checks
from devices.monitoring.queue_age import QUEUE_AGES
from devices.webhooks.outcome_counts import ALARM_WINDOW
from patients.queueing.models import PeriodicJob

CONTENT_TYPE = CONTENT_TYPE_LATEST
KNOWN_METHODS = frozenset({"GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"})

REQUEST_SECONDS_HISTOGRAM = Histogram(
    "vitals_request_seconds",
    "Requests by route (never by address: no id, no name), method and status.",
    ("route", "method", "status"),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)


def observe_request(*, route: str, method: str, status: int, seconds: float) -> None:
    known = method if method in KNOWN_METHODS else "other"
    REQUEST_SECONDS_HISTOGRAM.labels(route=route, method=known, status=str(status)).observe(seconds)


def render_metrics() -> bytes:
    registry = CollectorRegistry()
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        MultiProcessCollector(registry)
    else:
        registry.register(REGISTRY)
    registry.register(DatabaseCollector())
    return generate_latest(registry)


class DatabaseCollector:
    """The state of work, from the database. No label is a patient's, a person's or a device's."""

    def collect(self) -> Iterator[Metric]:
        problems = checks.find_problems()
        yield build_gauge("ok", "1 while this runs as it must.", "sign", check_samples(problems))
        if "database" in problems:
            return
        yield from self.collect_work()

    def collect_work(self) -> Iterator[Metric]:
        late = [(name, wait.overdue_by().total_seconds()) for name, wait in QUEUE_AGES.items()]
        yield build_gauge("overdue_seconds", "How long the oldest has been due.", "queue", late)
        yield build_gauge("deliveries", "Deliveries that aren't done.", ("kind", "state"), delivery_counts())
        calls = VendorCall.objects.order_by().values_list("kind", "state").annotate(count=Count("pk"))
        yield build_gauge("vendor_calls", "Calls that change something at the vendor.", ("kind", "state"), calls)
        rows = SyncRow.objects.filter(run__finished_at__isnull=True).order_by()
        yield build_gauge(
            "pulls", "Patients of unfinished runs.", "state", rows.values_list("state").annotate(count=Count("pk"))
        )
        stopped = [(slot.bucket, float(slot.refused_since is not None)) for slot in ApiKeySlot.objects.all()]
        yield build_gauge("key_stopped", "1 while the vendor refuses this key.", "key", stopped)
        yield build_gauge("hooks_last_hour", "Hooks of the last hour by how they ended.", "outcome", webhook_counts())
        jobs = PeriodicJob.objects.filter(succeeded_at__isnull=False).values_list("name", "succeeded_at")
        succeeded = [(name, at.timestamp()) for name, at in jobs if at]
        yield build_gauge("job_success_timestamp_seconds", "Last success of a job or process.", "job", succeeded)
        yield build_gauge(
            "missed_by_webhooks", "Readings that only the last nightly run brought.", (), missed_reading_counts()
        )


def build_gauge(name: str, help_text: str, labels: str | tuple[str, ...], rows: Iterable[tuple[object, ...]]) -> Metric:
    """The last item of each row is its value, the items before it are its labels."""
    names = (labels,) if isinstance(labels, str) else labels
    family = GaugeMetricFamily(f"vitals_{name}", help_text, labels=names)
    for *values, value in rows:
        family.add_metric([str(each) for each in values], float(value))  # type: ignore[arg-type]  # rows are of any width
    return family


def check_samples(problems: dict[str, str]) -> list[tuple[object, ...]]:
    judged = ("database", "broker") if "database" in problems else tuple(checks.CHECKS)
    return [(name, name not in problems) for name in judged]


def delivery_counts() -> Iterable[tuple[object, ...]]:
    """Not those that are done: they are millions. Two questions, because each has an index of its own."""
    for states in ((DeliveryState.NEW,), DeliveryState.needing_review()):
        some = Delivery.objects.filter(state__in=states).order_by()
        yield from some.values_list("kind", "state").annotate(count=Count("pk"))


def webhook_counts() -> Iterable[tuple[object, ...]]:
    recent = dict.fromkeys(WebhookCount.Outcome.values, 0)
    recent |= WebhookCount.objects.since(timezone.now() - ALARM_WINDOW).totals("outcome")
    return list(recent.items())


def missed_reading_counts() -> list[tuple[object, ...]]:
    finished = SyncRun.objects.filter(kind=SyncKind.MEASUREMENTS, nightly=True, finished_at__isnull=False)
    last = finished.order_by("-finished_at").first()
    return [(last.rows.aggregate(total=Sum("missed", default=0))["total"],)] if last else []
