from __future__ import annotations

import datetime as dt

from celery import Task, shared_task
from django.conf import settings
from django.utils import timezone

from devices import tenovi
from devices.inbox import maintenance
from devices.models import Device, Gateway, WebhookSelfTest
from devices.models.sync import SyncKind
from devices.monitoring import operator_alarms
from devices.sync import gateway_status, hardware_history, reading_runs, reconciliation, runs
from devices.vendor_reads import open_user_read_client
from devices.webhooks import outcome_counts, self_test
from patients.queueing import periodic_jobs
from patients.queueing.wakeup import wake_worker

CATALOGUE_INTERVAL = dt.timedelta(hours=24)
DEVICES_INTERVAL = dt.timedelta(hours=24)


@shared_task
def sync_catalogue() -> None:
    if not runs.is_run_due(SyncKind.CATALOGUE, every=CATALOGUE_INTERVAL):
        return
    with periodic_jobs.run_exclusively("sync catalogue") as mine, tenovi.background_client() as client:
        if mine:
            purpose = "The reading of the catalogue"
            runs.attempt_run(SyncKind.CATALOGUE, lambda: reconciliation.sync_catalogue(client), purpose=purpose)


@shared_task
def reconcile_devices() -> None:
    if not runs.is_run_due(SyncKind.DEVICES, every=DEVICES_INTERVAL):
        return
    with periodic_jobs.run_exclusively("compare devices") as mine, tenovi.background_client() as client:
        purpose = "The comparison of devices"
        if mine and runs.attempt_run(
            SyncKind.DEVICES, lambda: reconciliation.reconcile_devices(client), purpose=purpose
        ):
            wake_worker("order_lines")
            wake_worker("exceptions")
            if reading_runs.schedule_lagging_patients():
                wake_worker("reading_pulls")


@shared_task
def fetch_gateway_statuses() -> None:
    more = False
    with periodic_jobs.run_exclusively("read gateways") as mine:
        if mine:
            gateway_status.start_nightly_run(now=timezone.now(), hour_utc=settings.NIGHTLY_HOUR_UTC)
            if runs.has_unfinished_run(SyncKind.GATEWAYS) and not runs.has_unfinished_run(
                SyncKind.MEASUREMENTS
            ):  # readings first
                with tenovi.background_client() as client:
                    more = gateway_status.fetch_due_statuses(client)
    if more:
        wake_worker("gateway_statuses")


@shared_task
def refresh_requested_gateways() -> None:
    """What a user has requested on a page, or what has just been detected."""
    if not (Gateway.objects.lookup_requested().exists() or Device.objects.hardware_log_due().exists()):
        return
    with open_user_read_client() as client:
        if client:
            gateway_status.refresh_requested_gateways(client)
            hardware_history.fetch_due_hardware_logs(client)
            wake_worker("exceptions")


@shared_task
def look_up_unknown_devices() -> None:
    after = dt.timedelta(seconds=settings.UNKNOWN_DEVICE_LOOKUP_SECONDS)
    with periodic_jobs.run_exclusively("look up unknown devices") as mine, tenovi.background_client() as client:
        if mine and reconciliation.look_up_unknown_devices(client, after=after):
            wake_worker("measurement_webhooks")
            wake_worker("fulfillment_webhooks")
            wake_worker("exceptions")


@shared_task
def run_webhook_self_test() -> None:
    self_test.recognise_arrivals()
    self_test.request_daily_check()
    self_test.request_goal_rereads()
    if WebhookSelfTest.objects.due().exists():
        with tenovi.user_client() as client:
            self_test.run_due_steps(client, site_url=settings.SITE_URL)


@shared_task
def purge_bodies() -> None:
    with periodic_jobs.run_exclusively("purge bodies") as mine:
        if mine:
            maintenance.purge_bodies()


@shared_task(bind=True)
def record_heartbeat(self: Task) -> None:
    """For `/healthz/deep`: beat sends one to each queue."""
    queue = (self.request.delivery_info or {}).get("routing_key", "unknown")
    periodic_jobs.record_success(f"worker {queue}")


@shared_task
def check_operator_alarms() -> None:
    """What must run and doesn't is mailed to the operators."""
    with periodic_jobs.run_exclusively("alarms") as mine:
        if mine:
            operator_alarms.update_operator_alarms()
            outcome_counts.purge_old_counts()
            if reading_runs.start_pull_after_outage():
                wake_worker("reading_pulls")
