from __future__ import annotations

from celery import shared_task

from measurements.alerts import assessment


@shared_task
def assess_due_patients() -> None:
    assessment.assess_due_patients()


@shared_task
def add_missing_triage_entries() -> None:
    assessment.add_missing_entries()
