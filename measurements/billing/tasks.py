from __future__ import annotations

from celery import shared_task

from measurements.billing import computation


@shared_task
def compute_due_lines() -> None:
    computation.compute_due_lines()
