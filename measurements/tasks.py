from __future__ import annotations

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from devices import tenovi
from measurements.ingest import pipeline as inbox_of_readings
from measurements.sync import pull as reconciliation
from patients.queueing import periodic_jobs
from patients.queueing.wakeup import nudge


@shared_task
def ingest() -> None:
    if inbox_of_readings.ingest_waiting():
        nudge("fulfillment.tasks.catch_up")


@shared_task
def pull() -> None:
    with tenovi.background_lane() as client:
        if reconciliation.work(client):
            nudge("measurements.tasks.pull")


@shared_task
def nightly() -> None:
    with periodic_jobs.run_alone("nightly readings") as mine:
        if mine and reconciliation.start_nightly(now=timezone.now(), hour_utc=settings.NIGHTLY_HOUR_UTC):
            nudge("measurements.tasks.pull")
