"""Celery tasks of orders: each drains its rows. None takes an argument, so a lost or repeated one is harmless."""

from __future__ import annotations

from celery import shared_task

from devices import tenovi
from devices.inbox import processing
from devices.models import Delivery, VendorCall
from devices.outbox import manual_lookup, recovery, sending
from devices.patient_records import rereads
from devices.patient_records.models import PatientRecord
from devices.vendor_reads import open_user_read_client
from fulfillment import status_webhooks, tracking
from fulfillment.client_actions import solving
from fulfillment.special_orders import processing as special_orders
from patients.queueing.wakeup import wake_worker


@shared_task
def process_fulfillment_webhooks() -> None:
    if processing.process_due_deliveries(Delivery.Kind.FULFILLMENT, status_webhooks.process_status_deliveries):
        wake_worker("device_refresh")


@shared_task
def process_special_order_webhooks() -> None:
    if processing.process_due_deliveries(Delivery.Kind.SPECIAL_ORDER, special_orders.process_special_order_deliveries):
        wake_worker("replacements")


@shared_task
def send_calls() -> None:
    with tenovi.user_client() as client:
        more = sending.send_due_calls(client)
    tracking.update_order_lines()
    if more:
        wake_worker("vendor_calls")


@shared_task
def search_calls() -> None:
    due = (
        VendorCall.objects.lookup_requested(),
        VendorCall.objects.due_for_search(),
        PatientRecord.objects.reread_due(),
    )
    if not any(rows.exists() for rows in due):
        return
    with open_user_read_client() as client:
        if client is None:
            return
        manual_lookup.run_due_lookups(client)
        recovery.search_unknown_calls(client)
        rereads.read_due_records(client)
    tracking.update_order_lines()
    wake_worker("vendor_calls")  # what a search has queued again


@shared_task
def refresh_devices() -> None:
    with open_user_read_client() as client:
        if client is None:
            return
        solving.schedule_rereads()
        if tracking.refresh_due_devices(client) + solving.order_again_what_is_absent(client):
            tracking.update_order_lines()
            wake_worker("exceptions")


@shared_task
def update_order_lines() -> None:
    tracking.update_order_lines()
