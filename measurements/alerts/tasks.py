from __future__ import annotations

from celery import shared_task

from measurements.alerts import assessment
from measurements.alerts.messages import sending


@shared_task
def assess_due_patients() -> None:
    assessment.assess_due_patients()


@shared_task
def add_missing_triage_entries() -> None:
    assessment.add_missing_entries()


@shared_task
def send_alert_messages() -> None:
    sending.send_due_messages()
