"""Celery task that refreshes the exceptions: by a sweep, and after what may begin or end one."""

from __future__ import annotations

from celery import shared_task

from fulfillment.worklist import refresh


@shared_task
def refresh_worklist() -> None:
    refresh.refresh_worklist()
