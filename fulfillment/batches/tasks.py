"""Celery task that places the orders of batches."""

from __future__ import annotations

from celery import shared_task

from fulfillment.batches import placing


@shared_task
def place_batches() -> None:
    placing.place_due_orders()
