from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from patients.time_sessions import timer


@shared_task
def end_overdue_sessions() -> None:
    timer.end_overdue_sessions(timezone.now())
