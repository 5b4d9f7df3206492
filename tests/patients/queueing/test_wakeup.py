"""Nudges may be lost; they never cost a request its time or its answer."""

import threading
import time
from itertools import pairwise

import pytest
from django.db import transaction
from kombu.exceptions import OperationalError

from patients.queueing import wakeup
from tests.timeouts import WAIT_TIMEOUT_SECONDS

TASK = "measurements.tasks.process_measurement_webhooks"


class FakeBroker:
    """Stands where Celery publishes; may refuse or hang."""

    def __init__(self, act=lambda: None):
        self.sent, self.act = [], act

    def send_task(self, name, **_):
        self.act()
        self.sent.append(name)


@pytest.fixture
def use_broker(monkeypatch):
    def through(broker):
        monkeypatch.setattr(wakeup, "current_app", broker)
        monkeypatch.setattr(wakeup, "wakeup_publisher", wakeup.WakeupPublisher())
        return broker

    return through


def wait_for(condition):
    end = time.monotonic() + WAIT_TIMEOUT_SECONDS
    while not condition() and time.monotonic() < end:
        time.sleep(0.01)
    return condition()


@pytest.mark.django_db(transaction=True)
def test_wakeup_is_published_only_after_commit(use_broker):
    broker = use_broker(FakeBroker())
    with transaction.atomic():
        wakeup.wake_worker(TASK)
        time.sleep(0.05)
        before = list(broker.sent)

    assert before == []
    assert wait_for(lambda: broker.sent == [TASK])


@pytest.mark.django_db(transaction=True)
def test_wakeup_is_discarded_on_rollback(use_broker):
    broker = use_broker(FakeBroker())
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        wakeup.wake_worker(TASK)
        raise ZeroDivisionError

    time.sleep(0.2)
    assert broker.sent == []


@pytest.mark.django_db(transaction=True)
def test_wakeups_during_a_publish_are_coalesced_into_one_more_message(use_broker, monkeypatch):
    monkeypatch.setattr(wakeup, "WAKEUP_INTERVAL_SECONDS", 0.0)
    going_out, let_go = threading.Event(), threading.Event()

    def act():
        going_out.set()
        let_go.wait(WAIT_TIMEOUT_SECONDS)

    broker = use_broker(FakeBroker(act))
    wakeup.wake_worker(TASK)
    assert going_out.wait(WAIT_TIMEOUT_SECONDS)
    for _ in range(1000):
        wakeup.wake_worker(TASK)
    let_go.set()

    assert wait_for(lambda: broker.sent == [TASK, TASK])
    wakeup.wake_worker(TASK)
    assert wait_for(lambda: broker.sent == [TASK, TASK, TASK])


@pytest.mark.django_db(transaction=True)
def test_wakeup_messages_of_one_task_are_at_least_a_tenth_of_a_second_apart(use_broker):
    times = []
    use_broker(FakeBroker(act=lambda: times.append(time.monotonic())))

    while len(times) < 4:
        wakeup.wake_worker(TASK)

    assert min(later - earlier for earlier, later in pairwise(times)) >= 0.1


@pytest.mark.django_db(transaction=True)
def test_wakeup_does_not_block_the_request_when_the_broker_hangs(use_broker):
    go_on = threading.Event()
    broker = use_broker(FakeBroker(act=lambda: go_on.wait(WAIT_TIMEOUT_SECONDS)))
    for _ in range(50):
        wakeup.wake_worker(TASK)

    assert broker.sent == [], "the publisher's thread hangs, not the request"
    go_on.set()


@pytest.mark.django_db(transaction=True)
def test_wakeup_retries_after_the_broker_refused_a_connection(use_broker, monkeypatch):
    monkeypatch.setattr(wakeup, "RETRY_PAUSE_SECONDS", 0.05)
    refusals = [OperationalError("refused")]

    def act():
        if refusals:
            raise refusals.pop()

    broker = use_broker(FakeBroker(act))
    wakeup.wake_worker(TASK)
    assert wait_for(lambda: not refusals)
    wakeup.wake_worker(TASK)

    assert wait_for(lambda: broker.sent == [TASK])


def test_wakeup_of_an_unknown_task_name_raises_an_error():
    with pytest.raises(ValueError, match="no such task"):
        wakeup.wake_worker("measurements.tasks.ingets")


def test_wakeup_tasks_exist_and_are_scheduled_on_the_same_queue():
    from config.celery import app

    app.loader.import_default_modules()
    scheduled = {entry["task"]: entry["options"]["queue"] for entry in app.conf.beat_schedule.values()}

    assert wakeup.QUEUE_BY_TASK.keys() <= set(app.tasks)
    assert set(scheduled) <= set(app.tasks)
    assert wakeup.QUEUE_BY_TASK.items() <= scheduled.items(), "what can be nudged is swept too"
