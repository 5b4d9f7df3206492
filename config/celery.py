"""Celery app: queues, wake-ups, beat schedule, and broker settings that never block on an unreachable Redis."""

from __future__ import annotations

import logging.config
import os
from typing import Any

from celery import Celery
from celery.signals import beat_init, before_task_publish, setup_logging, worker_init, worker_process_init
from kombu import Queue
from kombu.transport import TRANSPORT_ALIASES

from config.env import env
from config.gc_tuning import freeze_and_tune_gc
from config.json_logging import log_uncaught_exceptions

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

QUEUES = ("ingest", "people", "background")
VISIBILITY_TIMEOUT_SECONDS = 900
TASK_TIME_LIMIT_SECONDS = 600

TRANSPORT_ALIASES |= dict.fromkeys(("redis", "rediss"), "config.celery_broker:Transport")
app = Celery("vitals")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    task_serializer="json",
    accept_content=["json"],
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_soft_time_limit=TASK_TIME_LIMIT_SECONDS,
    task_time_limit=TASK_TIME_LIMIT_SECONDS + 60,
    task_create_missing_queues=False,
    task_default_queue="background",
    task_queues=[Queue(name) for name in QUEUES],
    task_publish_retry=False,
    worker_prefetch_multiplier=1,
    worker_hijack_root_logger=False,
    # A task that can't be acknowledged any more is redelivered, and finds its rows claimed: killing it in the middle of
    # a call to the vendor would make that call unclear.
    worker_cancel_long_running_tasks_on_connection_loss=False,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,  # the default ends a worker for good after three quarters of an hour
    broker_connection_timeout=1,
    broker_transport_options={
        "visibility_timeout": VISIBILITY_TIMEOUT_SECONDS,
        "socket_connect_timeout": 0.4,
        "socket_timeout": 5,
        "socket_keepalive": True,
        "health_check_interval": 10,
        "max_retries": 0,
    },
    timezone="UTC",
)

# `patients.queueing.wakeup.wake_worker` names work; only this table knows the task of each and its queue.
WAKEUP_TASKS = {
    "measurement_webhooks": ("measurements.tasks.process_measurement_webhooks", "ingest"),
    "fulfillment_webhooks": ("fulfillment.tasks.process_fulfillment_webhooks", "ingest"),
    "special_order_webhooks": ("fulfillment.tasks.process_special_order_webhooks", "ingest"),
    "order_batches": ("fulfillment.batches.tasks.place_batches", "people"),
    "vendor_calls": ("fulfillment.tasks.send_calls", "people"),
    "call_searches": ("fulfillment.tasks.search_calls", "people"),
    "device_refresh": ("fulfillment.tasks.refresh_devices", "people"),
    "replacements": ("fulfillment.replacements.tasks.refresh_replacements", "people"),
    "order_lines": ("fulfillment.tasks.update_order_lines", "people"),
    "exceptions": ("fulfillment.worklist.tasks.refresh_worklist", "ingest"),
    "requested_refreshes": ("devices.tasks.refresh_requested_gateways", "people"),
    "webhook_self_test": ("devices.tasks.run_webhook_self_test", "people"),
    "stale_summaries": ("measurements.tasks.rebuild_stale_summaries", "ingest"),
    "week_figures": ("measurements.tasks.refresh_week_figures", "ingest"),
    "alert_assessments": ("measurements.alerts.tasks.assess_due_patients", "ingest"),
    "alert_messages": ("measurements.alerts.tasks.send_alert_messages", "people"),
    "alert_backtests": ("measurements.alerts.tasks.process_backtests", "background"),
    "billing_lines": ("measurements.billing.tasks.compute_due_lines", "background"),
    "patient_imports": ("patients.imports.tasks.process_imports", "background"),
    "reading_pulls": ("measurements.tasks.pull_measurements", "background"),
    "bulk_orders": ("fulfillment.special_orders.tasks.read_bulk_orders", "background"),
    "catalogue_sync": ("devices.tasks.sync_catalogue", "background"),
    "device_reconciliation": ("devices.tasks.reconcile_devices", "background"),
    "unknown_devices": ("devices.tasks.look_up_unknown_devices", "background"),
    "gateway_statuses": ("devices.tasks.fetch_gateway_statuses", "background"),
}
app.conf.wakeup_tasks = WAKEUP_TASKS
SWEEP_SECONDS = env.float("SWEEP_SECONDS", default=15.0)
SWEEP_SECONDS_BY_WORK = {
    "exceptions": min(SWEEP_SECONDS, 30.0),  # an exception is listed within a minute of its cause
    "device_refresh": 3.0,
    "call_searches": 3.0,
    "requested_refreshes": 3.0,
    "webhook_self_test": 3.0,
    "unknown_devices": 30.0,
    "gateway_statuses": 60.0,
    "catalogue_sync": 60.0,
    "bulk_orders": 60.0,
    "device_reconciliation": 60.0,
}


def schedule_entry(seconds: float, task: str, queue: str) -> dict[str, Any]:
    return {"task": task, "schedule": seconds, "options": {"queue": queue, "expires": seconds * 2}}


# Every entry is a sweep: its task drains what is due in the database, so a lost wake-up costs seconds, and a beat that
# was dead, doubled or late changes nothing.
app.conf.beat_schedule = {
    **{f"heartbeat_{queue}": schedule_entry(30.0, "devices.tasks.record_heartbeat", queue) for queue in QUEUES},
    **{
        work: schedule_entry(SWEEP_SECONDS_BY_WORK.get(work, SWEEP_SECONDS), task, queue)
        for work, (task, queue) in WAKEUP_TASKS.items()
    },
    "missing_triage_entries": schedule_entry(
        60.0, "measurements.alerts.tasks.add_missing_triage_entries", "background"
    ),
    "overdue_time_sessions": schedule_entry(30.0, "patients.time_sessions.tasks.end_overdue_sessions", "background"),
    "nightly_pull": schedule_entry(60.0, "measurements.tasks.start_nightly_pull", "background"),
    "operator_alarms": schedule_entry(60.0, "devices.tasks.check_operator_alarms", "background"),
    "delivery_body_purge": schedule_entry(3600.0, "devices.tasks.purge_bodies", "background"),
    "old_file_purge": schedule_entry(3600.0, "patients.imports.tasks.purge_old_files", "background"),
    "expired_sessions": schedule_entry(3600.0, "patients.tasks.clear_expired_sessions", "background"),
}
app.autodiscover_tasks()


@worker_init.connect
@beat_init.connect
def exit_if_unsafe(**_: Any) -> None:
    """Raises SystemExit: Celery only logs any other exception of a signal's receiver, and starts anyway."""
    from django.core.exceptions import ImproperlyConfigured

    from config.startup_checks import refuse_unsafe_startup

    try:
        refuse_unsafe_startup()
    except ImproperlyConfigured as refusal:
        raise SystemExit(str(refusal)) from None


@worker_process_init.connect
def tune_worker_gc(**_: Any) -> None:
    freeze_and_tune_gc()


@setup_logging.connect
def configure_json_logging(**_: Any) -> None:
    """Replaces Celery's own logging set-up, which would write lines in another format."""
    from django.conf import settings

    logging.config.dictConfig(settings.LOGGING)
    log_uncaught_exceptions()


@beat_init.connect
def connect_beat_heartbeat(**_: Any) -> None:
    """Record beat's own heartbeat: a live worker doesn't prove that beat is alive."""
    before_task_publish.connect(record_beat_heartbeat, sender="devices.tasks.record_heartbeat")


def record_beat_heartbeat(**_: Any) -> None:
    from django.db import Error, close_old_connections

    from patients.queueing import periodic_jobs

    close_old_connections()  # a connection may be broken after a restart of the database
    try:
        periodic_jobs.record_success("beat")
    except Error as error:
        logging.getLogger(__name__).warning("beat heartbeat not recorded: %s", type(error).__name__)
