"""Each drains what waits and nudges the next. None takes an argument, so a lost or doubled one changes nothing."""

from __future__ import annotations

from celery import shared_task

from devices import calls, inbox, looks, search, tenovi
from devices.models import Delivery
from devices.nudges import nudge
from fulfillment import hints, special_orders, tracking


@shared_task
def take_in_fulfillment() -> None:
    if inbox.drain(Delivery.Kind.FULFILLMENT, hints.take_in):
        nudge("fulfillment.tasks.reread_devices")


@shared_task
def take_in_special_orders() -> None:
    inbox.drain(Delivery.Kind.SPECIAL_ORDER, special_orders.take_in)


@shared_task
def send_calls() -> None:
    with tenovi.people_lane() as client:
        looks.carry_out(client)
        more = calls.drain(client)
        search.search_unknown(client)
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
