from __future__ import annotations

from celery import shared_task

from measurements.alerts import assessment
from measurements.alerts.backtests import runs as backtest_runs
from measurements.alerts.messages import lost_assignments, notifications, sending
from patients.queueing.wakeup import wake_worker
from patients.queueing.work_item import DrainEnd


@shared_task
def assess_due_patients() -> None:
    assessment.assess_due_patients()


@shared_task
def add_missing_triage_entries() -> None:
    assessment.add_missing_entries()


@shared_task
def send_alert_messages() -> None:
    lost_assignments.release_lost_assignments()
    notifications.add_missing_notifications()
    sending.send_due_messages()


@shared_task
def process_backtests() -> None:
    if backtest_runs.process_due_runs().end is DrainEnd.TIME_UP:
        wake_worker(backtest_runs.WORK)
