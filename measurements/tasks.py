from __future__ import annotations

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from devices import tenovi
from devices.sync import reading_runs
from measurements.ingest import patient_summaries, pipeline
from measurements.sync import pull as reconciliation
from measurements.weeks import week_figures
from patients.queueing import periodic_jobs
from patients.queueing.wakeup import wake_worker


@shared_task
def process_measurement_webhooks() -> None:
    if pipeline.ingest_waiting_deliveries():
        wake_worker("order_lines")


@shared_task
def rebuild_stale_summaries() -> None:
    patient_summaries.rebuild_stale_summaries()


@shared_task
def refresh_week_figures() -> None:
    week_figures.refresh_due_weeks()


@shared_task
def pull_measurements() -> None:
    with tenovi.background_client() as client:
        if reconciliation.pull_due_patients(client):
            wake_worker("reading_pulls")


@shared_task
def start_nightly_pull() -> None:
    with periodic_jobs.run_exclusively("nightly readings") as mine:
        if mine and reading_runs.start_nightly_run(now=timezone.now(), hour_utc=settings.NIGHTLY_HOUR_UTC):
            wake_worker("reading_pulls")
