"""Nudges may be lost; they never cost a request its time or its answer."""

import threading
import time
from itertools import pairwise

import pytest
from django.db import transaction
from kombu.exceptions import OperationalError

from patients.queueing import wakeup
from tests.patience import PATIENCE_SECONDS

TASK = "measurements.tasks.ingest"


class Broker:
    """Stands where Celery publishes; may refuse or hang."""

    def __init__(self, act=lambda: None):
        self.sent, self.act = [], act

    def send_task(self, name, **_):
        self.act()
        self.sent.append(name)


@pytest.fixture
def publish(monkeypatch):
    def through(broker):
        monkeypatch.setattr(wakeup, "current_app", broker)
        monkeypatch.setattr(wakeup, "_publisher", wakeup.Publisher())
        return broker

    return through


def settled(condition):
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


@pytest.mark.django_db(transaction=True)
def test_a_nudge_goes_out_after_the_commit_and_not_before(publish):
    broker = publish(Broker())
    with transaction.atomic():
        wakeup.nudge(TASK)
        time.sleep(0.05)
        before = list(broker.sent)

    assert before == []
    assert settled(lambda: broker.sent == [TASK])


@pytest.mark.django_db(transaction=True)
def test_what_was_rolled_back_nudges_nobody(publish):
    broker = publish(Broker())
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        wakeup.nudge(TASK)
        raise ZeroDivisionError

    time.sleep(0.2)
    assert broker.sent == []


@pytest.mark.django_db(transaction=True)
def test_a_thousand_nudges_while_one_goes_out_are_one_message_and_the_last_one_counts(publish, monkeypatch):
    monkeypatch.setattr(wakeup, "WINDOW_SECONDS", 0.0)
    going_out, let_go = threading.Event(), threading.Event()

    def act():
        going_out.set()
        let_go.wait(PATIENCE_SECONDS)

    broker = publish(Broker(act))
    wakeup.nudge(TASK)
    assert going_out.wait(PATIENCE_SECONDS)
    for _ in range(1000):
        wakeup.nudge(TASK)
    let_go.set()

    assert settled(lambda: broker.sent == [TASK, TASK])
    wakeup.nudge(TASK)
    assert settled(lambda: broker.sent == [TASK, TASK, TASK])


@pytest.mark.django_db(transaction=True)
def test_between_two_messages_of_a_kind_is_a_tenth_of_a_second(publish):
    times = []
    publish(Broker(act=lambda: times.append(time.monotonic())))

    while len(times) < 4:
        wakeup.nudge(TASK)

    assert min(later - earlier for earlier, later in pairwise(times)) >= 0.1


@pytest.mark.django_db(transaction=True)
def test_a_hung_broker_holds_nobody_up(publish):
    go_on = threading.Event()
    broker = publish(Broker(act=lambda: go_on.wait(PATIENCE_SECONDS)))
    for _ in range(50):
        wakeup.nudge(TASK)

    assert broker.sent == [], "the publisher's thread hangs, not the request"
    go_on.set()


@pytest.mark.django_db(transaction=True)
def test_a_refusing_broker_is_asked_again_later(publish, monkeypatch):
    monkeypatch.setattr(wakeup, "REST_SECONDS", 0.05)
    refusals = [OperationalError("refused")]

    def act():
        if refusals:
            raise refusals.pop()

    broker = publish(Broker(act))
    wakeup.nudge(TASK)
    assert settled(lambda: not refusals)
    wakeup.nudge(TASK)

    assert settled(lambda: broker.sent == [TASK])


def test_a_misspelt_task_is_an_error_at_once():
    with pytest.raises(ValueError, match="no such task"):
        wakeup.nudge("measurements.tasks.ingets")


def test_every_task_to_nudge_exists_with_its_queue():
    from config.celery import app

    app.loader.import_default_modules()
    scheduled = {entry["task"]: entry["options"]["queue"] for entry in app.conf.beat_schedule.values()}

    assert wakeup.QUEUE_OF_TASK.keys() <= set(app.tasks)
    assert set(scheduled) <= set(app.tasks)
    assert wakeup.QUEUE_OF_TASK.items() <= scheduled.items(), "what can be nudged is swept too"
