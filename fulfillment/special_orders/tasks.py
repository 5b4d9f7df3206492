"""Celery task that reads the vendor's list of bulk orders: nightly, after a webhook of one, and on request."""

from __future__ import annotations

import datetime as dt

from celery import shared_task

from devices import tenovi
from devices.models.sync import SyncKind
from devices.sync import runs
from fulfillment.special_orders import bulk_orders
from patients.queueing import periodic_jobs

BULK_ORDERS_INTERVAL = dt.timedelta(hours=24)


@shared_task
def read_bulk_orders() -> None:
    if not runs.is_run_due(SyncKind.BULK_ORDERS, every=BULK_ORDERS_INTERVAL):
        return
    with periodic_jobs.run_exclusively("read bulk orders") as mine, tenovi.background_client() as client:
        if mine:
            purpose = "The reading of bulk orders"
            runs.attempt_run(SyncKind.BULK_ORDERS, lambda: bulk_orders.read_bulk_orders(client), purpose=purpose)
