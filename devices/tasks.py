from __future__ import annotations

import datetime as dt

from celery import Task, shared_task
from django.conf import settings
from django.utils import timezone

from devices import tenovi
from devices.inbox import processing
from devices.models import Device, Gateway
from devices.models.sync import SyncKind
from devices.monitoring import operator_alarms
from devices.sync import gateway_status, hardware_history, reconciliation, runs
from devices.webhooks import outcome_counts
from measurements.sync import pull as readings
from patients.queueing import periodic_jobs
from patients.queueing.wakeup import nudge

CATALOGUE_EVERY = dt.timedelta(hours=24)
DEVICES_EVERY = dt.timedelta(hours=24)


@shared_task
def sync_catalogue() -> None:
    if not runs.due(SyncKind.CATALOGUE, every=CATALOGUE_EVERY):
        return
    with periodic_jobs.run_alone("sync catalogue") as mine, tenovi.background_lane() as client:
        if mine:
            reconciliation.sync_catalogue(client)


@shared_task
def compare_devices() -> None:
    if not runs.due(SyncKind.DEVICES, every=DEVICES_EVERY):
        return
    with periodic_jobs.run_alone("compare devices") as mine, tenovi.background_lane() as client:
        if mine:
            reconciliation.compare_devices(client)
            nudge("fulfillment.tasks.catch_up")
            if readings.pull_behind():
                nudge("measurements.tasks.pull")


@shared_task
def read_gateways() -> None:
    more = False
    with periodic_jobs.run_alone("read gateways") as mine:
        if mine:
            gateway_status.start_nightly(now=timezone.now(), hour_utc=settings.NIGHTLY_HOUR_UTC)
            if runs.unfinished(SyncKind.GATEWAYS) and not runs.unfinished(SyncKind.MEASUREMENTS):  # readings first
                with tenovi.background_lane() as client:
                    more = gateway_status.work(client)
    if more:
        nudge("devices.tasks.read_gateways")


@shared_task
def look_for_people() -> None:
    """What somebody who sits before a page wants to know, or what has just been noticed."""
    if not (Gateway.objects.looked_for().exists() or Device.objects.swapped().exists()):
        return
    with tenovi.people_lane() as client:
        gateway_status.carry_out(client)
        hardware_history.carry_out(client)


@shared_task
def look_up_unknown() -> None:
    after = dt.timedelta(seconds=settings.UNKNOWN_DEVICE_LOOKUP_SECONDS)
    with periodic_jobs.run_alone("look up unknown devices") as mine, tenovi.background_lane() as client:
        if mine and reconciliation.look_up_unknown(client, after=after):
            nudge("measurements.tasks.ingest")
            nudge("fulfillment.tasks.take_in_fulfillment")


@shared_task
def purge_bodies() -> None:
    with periodic_jobs.run_alone("purge bodies") as mine:
        if mine:
            processing.purge()


@shared_task(bind=True)
def sign_of_life(self: Task) -> None:
    """For `/healthz/deep`: beat sends one to each queue."""
    queue = (self.request.delivery_info or {}).get("routing_key", "unknown")
    periodic_jobs.succeeded(f"worker {queue}")


@shared_task
def look_after_house() -> None:
    """What must run and doesn't is mailed to the operators."""
    with periodic_jobs.run_alone("alarms") as mine:
        if mine:
            operator_alarms.look()
            outcome_counts.purge()
            if readings.start_after_gap():
                nudge("measurements.tasks.pull")
