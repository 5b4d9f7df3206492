"""Celery: queues, the schedule, and broker settings under which a dead Redis never holds anybody up."""

from __future__ import annotations

import logging.config
import os
from typing import Any

from celery import Celery
from celery.signals import beat_init, before_task_publish, setup_logging, worker_init, worker_process_init
from kombu import Queue
from kombu.transport import TRANSPORT_ALIASES

from config.env import env
from config.gc_tuning import settle
from config.json_logging import log_the_uncaught

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

QUEUES = ("ingest", "people", "background")
VISIBILITY_SECONDS = 900
TASK_SECONDS = 600

TRANSPORT_ALIASES |= dict.fromkeys(("redis", "rediss"), "config.celery_broker:Transport")
app = Celery("vitals")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.update(
    task_serializer="json",
    accept_content=["json"],
    task_ignore_result=True,
    task_acks_late=True,
    task_reject_on_worker_lost=True,
    task_soft_time_limit=TASK_SECONDS,
    task_time_limit=TASK_SECONDS + 60,
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
    broker_connection_timeout=1,
    broker_transport_options={
        "visibility_timeout": VISIBILITY_SECONDS,
        "socket_connect_timeout": 0.4,
        "socket_timeout": 5,
        "socket_keepalive": True,
        "health_check_interval": 10,
        "max_retries": 0,
    },
    timezone="UTC",
)

# Every entry is a sweep: it drains what waits in the database, so a lost nudge costs seconds, and a beat that was
# dead, doubled or late changes nothing.
SWEEP_SECONDS = env.float("SWEEP_SECONDS", default=15.0)


def _every(seconds: float, task: str, queue: str) -> dict[str, Any]:
    return {"task": task, "schedule": seconds, "options": {"queue": queue, "expires": seconds * 2}}


app.conf.beat_schedule = {
    **{f"sign of life of {queue}": _every(30.0, "devices.tasks.sign_of_life", queue) for queue in QUEUES},
    "ingest readings": _every(SWEEP_SECONDS, "measurements.tasks.ingest", "ingest"),
    "take in fulfillment": _every(SWEEP_SECONDS, "fulfillment.tasks.take_in_fulfillment", "ingest"),
    "take in special orders": _every(SWEEP_SECONDS, "fulfillment.tasks.take_in_special_orders", "ingest"),
    "send calls": _every(SWEEP_SECONDS, "fulfillment.tasks.send_calls", "people"),
    "read devices again": _every(3.0, "fulfillment.tasks.reread_devices", "people"),
    "keep timelines": _every(SWEEP_SECONDS, "fulfillment.tasks.catch_up", "people"),
    "look up unknown devices": _every(30.0, "devices.tasks.look_up_unknown", "background"),
    "pull readings": _every(SWEEP_SECONDS, "measurements.tasks.pull", "background"),
    "look for people": _every(SWEEP_SECONDS, "devices.tasks.look_for_people", "people"),
    "read gateways": _every(60.0, "devices.tasks.read_gateways", "background"),
    "purge bodies": _every(3600.0, "devices.tasks.purge_bodies", "background"),
    "nightly": _every(60.0, "measurements.tasks.nightly", "background"),
    "sync catalogue": _every(60.0, "devices.tasks.sync_catalogue", "background"),
    "forget old sessions": _every(3600.0, "patients.tasks.forget_old_sessions", "background"),
    "compare devices": _every(60.0, "devices.tasks.compare_devices", "background"),
    "alarms": _every(60.0, "devices.tasks.look_after_house", "background"),
}
app.autodiscover_tasks()


@worker_init.connect
@beat_init.connect
def _refuse_unsafe(**_: Any) -> None:
    """By SystemExit: of a signal's receiver Celery logs any other exception, and starts all the same."""
    from django.core.exceptions import ImproperlyConfigured
    from django.db import Error

    from config.startup_checks import refuse_unsafe

    try:
        refuse_unsafe()
    except ImproperlyConfigured as refusal:
        raise SystemExit(str(refusal)) from None
    except Error as error:
        raise SystemExit(f"Refusing to start: PostgreSQL could not be asked ({type(error).__name__}).") from None


@worker_process_init.connect
def _settle(**_: Any) -> None:
    settle()


@setup_logging.connect
def _log_as_everywhere(**_: Any) -> None:
    """Celery's own set-up would write other lines beside ours."""
    from django.conf import settings

    logging.config.dictConfig(settings.LOGGING)
    log_the_uncaught()


@beat_init.connect
def _beat_lives(**_: Any) -> None:
    """From now on this process says so itself; that a worker lives doesn't prove that beat does."""
    before_task_publish.connect(_say_that_beat_lives, sender="devices.tasks.sign_of_life")


def _say_that_beat_lives(**_: Any) -> None:
    from django.db import Error, close_old_connections

    from patients.queueing import periodic_jobs

    close_old_connections()  # one that a restarted database has left behind
    try:
        periodic_jobs.succeeded("beat")
    except Error as error:
        logging.getLogger(__name__).warning("beat could not say that it lives: %s", type(error).__name__)
