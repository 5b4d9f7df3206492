"""Celery task of replacements: drains what is due, takes no argument."""

from __future__ import annotations

from celery import shared_task

from devices.vendor_reads import open_user_read_client
from fulfillment.replacements import refresh


@shared_task
def refresh_replacements() -> None:
    refresh.update_from_calls()
    if refresh.due_replacements().exists():
        with open_user_read_client() as client:
            if client:
                refresh.fetch_due_replacements(client)
