"""Nudges may be lost; they never cost a request its time or its answer."""

import threading
import time

import pytest
from django.db import transaction
from kombu.exceptions import OperationalError

from devices import nudges

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
        monkeypatch.setattr(nudges, "current_app", broker)
        monkeypatch.setattr(nudges, "_publisher", nudges.Publisher())
        return broker

    return through


def settled(condition, seconds=3.0):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


@pytest.mark.django_db(transaction=True)
def test_a_nudge_goes_out_after_the_commit_and_not_before(publish):
    broker = publish(Broker())
    with transaction.atomic():
        nudges.nudge(TASK)
        time.sleep(0.05)
        before = list(broker.sent)

    assert before == []
    assert settled(lambda: broker.sent == [TASK])


@pytest.mark.django_db(transaction=True)
def test_what_was_rolled_back_nudges_nobody(publish):
    broker = publish(Broker())
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        nudges.nudge(TASK)
        raise ZeroDivisionError

    time.sleep(0.2)
    assert broker.sent == []


@pytest.mark.django_db(transaction=True)
def test_a_thousand_nudges_are_a_handful_of_messages_and_the_last_one_counts(publish):
    broker = publish(Broker())
    for _ in range(1000):
        nudges.nudge(TASK)
    sent_early = len(broker.sent)
    nudges.nudge(TASK)

    assert settled(lambda: len(broker.sent) > sent_early)
    assert len(broker.sent) < 20


@pytest.mark.django_db(transaction=True)
def test_a_hung_broker_holds_nobody_up(publish):
    hanging = threading.Event()
    publish(Broker(act=hanging.wait))
    began = time.monotonic()
    for _ in range(50):
        nudges.nudge(TASK)
    waited = time.monotonic() - began
    hanging.set()

    assert waited < 0.5, "the publisher's thread hangs, not the request"


@pytest.mark.django_db(transaction=True)
def test_a_refusing_broker_is_asked_again_later(publish, monkeypatch):
    monkeypatch.setattr(nudges, "REST_SECONDS", 0.05)
    refusals = [OperationalError("refused")]

    def act():
        if refusals:
            raise refusals.pop()

    broker = publish(Broker(act))
    nudges.nudge(TASK)
    assert settled(lambda: not refusals)
    nudges.nudge(TASK)

    assert settled(lambda: broker.sent == [TASK])


def test_a_misspelt_task_is_an_error_at_once():
    with pytest.raises(ValueError, match="no such task"):
        nudges.nudge("measurements.tasks.ingets")


def test_every_task_to_nudge_exists_with_its_queue():
    from config.celery import app

    app.loader.import_default_modules()
    scheduled = {entry["task"]: entry["options"]["queue"] for entry in app.conf.beat_schedule.values()}

    assert nudges.QUEUE_OF_TASK.keys() <= set(app.tasks)
    assert set(scheduled) <= set(app.tasks)
    assert nudges.QUEUE_OF_TASK.items() <= scheduled.items(), "what can be nudged is swept too"
