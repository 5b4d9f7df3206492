from __future__ import annotations

import logging

from celery import shared_task

from measurements.alerts import assessment
from measurements.alerts.backtests import runs as backtest_runs
from measurements.alerts.messages import lost_assignments, notifications, sending
from measurements.alerts.monitoring import LOST_ASSIGNMENTS, MISSING_NOTIFICATIONS
from patients.queueing.periodic_jobs import run_exclusively
from patients.queueing.wakeup import wake_worker
from patients.queueing.work_item import DrainEnd

logger = logging.getLogger(__name__)


@shared_task
def assess_due_patients() -> None:
    assessment.assess_due_patients()


@shared_task
def add_missing_triage_entries() -> None:
    assessment.add_missing_entries()


@shared_task
def send_alert_messages() -> None:
    """Each job runs even if one before it fails; the first error is raised at the end, so that the task has failed."""
    errors = []
    for job in (release_lost_assignments, add_missing_notifications, sending.send_due_messages):
        try:
            job()
        except Exception as error:  # noqa: BLE001 - without the error's text, which may hold values of a patient
            logger.error("%s failed: %s", job.__name__, type(error).__name__)
            errors.append(error)
    if errors:
        raise errors[0]


def release_lost_assignments() -> None:
    with run_exclusively(LOST_ASSIGNMENTS) as is_alone:
        if is_alone:
            lost_assignments.release_lost_assignments()


def add_missing_notifications() -> None:
    with run_exclusively(MISSING_NOTIFICATIONS) as is_alone:
        if is_alone:
            notifications.add_missing_notifications()


@shared_task
def process_backtests() -> None:
    if backtest_runs.process_due_runs().end is DrainEnd.TIME_UP:
        wake_worker(backtest_runs.WORK)
