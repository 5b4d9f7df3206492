"""Each drains what waits and nudges the next. None takes an argument, so a lost or doubled one changes nothing."""

from __future__ import annotations

from celery import shared_task

from devices import tenovi
from devices.inbox import processing
from devices.models import Delivery
from devices.outbox import manual_lookup, recovery, sending
from fulfillment import status_webhooks, tracking
from fulfillment.special_orders import processing as special_orders
from patients.queueing.wakeup import nudge


@shared_task
def take_in_fulfillment() -> None:
    if processing.drain(Delivery.Kind.FULFILLMENT, status_webhooks.take_in):
        nudge("fulfillment.tasks.reread_devices")


@shared_task
def take_in_special_orders() -> None:
    processing.drain(Delivery.Kind.SPECIAL_ORDER, special_orders.take_in)


@shared_task
def send_calls() -> None:
    with tenovi.people_lane() as client:
        manual_lookup.carry_out(client)
        more = sending.drain(client)
        recovery.search_unknown(client)
    tracking.catch_up()
    if more:
        nudge("fulfillment.tasks.send_calls")


@shared_task
def reread_devices() -> None:
    with tenovi.people_lane() as client:
        read = tracking.reread_due(client)
    if read:
        tracking.catch_up()


@shared_task
def catch_up() -> None:
    tracking.catch_up()
