"""Wake-up messages to workers: sent after commit, coalesced, and never a delay or an error for the request."""

import ast
import threading
import time
from itertools import pairwise

import pytest
from django.db import transaction
from kombu.exceptions import OperationalError

from config.celery import WAKEUP_TASKS, app
from patients.queueing import wakeup
from tests.source_code import product_modules
from tests.timeouts import WAIT_TIMEOUT_SECONDS

WORK = "measurement_webhooks"
TASK, _ = WAKEUP_TASKS[WORK]


class FakeBroker:
    """Takes the place of the Celery app for one publisher; may refuse or hang."""

    conf = app.conf

    def __init__(self, act=lambda: None):
        self.sent, self.ignored, self.act, self.publisher = [], [], act, wakeup.WakeupPublisher()

    def send_task(self, name, **_):
        if threading.current_thread() is not self.publisher._thread:
            self.ignored.append(name)  # by the publisher of an earlier test, at the end of its pause
            return
        self.act()
        self.sent.append(name)


@pytest.fixture
def use_broker(monkeypatch):
    def through(broker):
        monkeypatch.setattr(wakeup, "current_app", broker)
        monkeypatch.setattr(wakeup, "wakeup_publisher", broker.publisher)
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
        wakeup.wake_worker(WORK)
        time.sleep(0.05)
        before = list(broker.sent)

    assert before == []
    assert wait_for(lambda: broker.sent == [TASK])


@pytest.mark.django_db(transaction=True)
def test_wakeup_is_discarded_on_rollback(use_broker):
    broker = use_broker(FakeBroker())
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        wakeup.wake_worker(WORK)
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
    wakeup.wake_worker(WORK)
    assert going_out.wait(WAIT_TIMEOUT_SECONDS)
    for _ in range(1000):
        wakeup.wake_worker(WORK)
    let_go.set()

    assert wait_for(lambda: broker.sent == [TASK, TASK])
    wakeup.wake_worker(WORK)
    assert wait_for(lambda: broker.sent == [TASK, TASK, TASK])


@pytest.mark.django_db(transaction=True)
def test_wakeup_messages_of_one_task_are_at_least_a_tenth_of_a_second_apart(use_broker):
    times = []
    use_broker(FakeBroker(act=lambda: times.append(time.monotonic())))

    while len(times) < 4:
        wakeup.wake_worker(WORK)

    assert min(later - earlier for earlier, later in pairwise(times)) >= 0.1


@pytest.mark.django_db(transaction=True)
def test_wakeup_does_not_block_the_request_when_the_broker_hangs(use_broker):
    go_on = threading.Event()
    broker = use_broker(FakeBroker(act=lambda: go_on.wait(WAIT_TIMEOUT_SECONDS)))
    for _ in range(50):
        wakeup.wake_worker(WORK)

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
    wakeup.wake_worker(WORK)
    assert wait_for(lambda: not refusals)
    wakeup.wake_worker(WORK)

    assert wait_for(lambda: broker.sent == [TASK])


@pytest.mark.django_db(transaction=True)
def test_fake_broker_ignores_the_publisher_of_an_earlier_test(use_broker):
    broker, earlier = use_broker(FakeBroker()), wakeup.WakeupPublisher()

    earlier.request_wakeup(WORK)

    assert wait_for(lambda: TASK in broker.ignored)  # earlier tests may send theirs as late
    assert broker.sent == []


def test_wake_worker_refuses_an_unknown_name():
    with pytest.raises(ValueError, match="ingets"):
        wakeup.wake_worker("ingets")


def test_wakeup_tasks_exist_and_each_has_its_sweep_on_the_same_queue():
    app.loader.import_default_modules()
    swept = {(entry["task"], entry["options"]["queue"]) for entry in app.conf.beat_schedule.values()}

    assert {task for task, _ in swept} <= set(app.tasks)
    assert set(WAKEUP_TASKS.values()) <= swept


def named_work(tree):
    """Names given to `wake_worker`, to a variable or table called work, or looped over as `work`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "wake_worker":
            yield from text_constants(node.args[0])
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names = {getattr(name, "id", "") for target in targets for name in ast.walk(target)}
            if node.value and any(name.lower() == "work" or name.startswith("WORK_BY") for name in names):
                yield from filter(None, text_constants(node.value))
        elif isinstance(node, ast.For) and getattr(node.target, "id", "") == "work":
            yield from text_constants(node.iter)


def text_constants(node):
    return [n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)]


def test_wakeup_table_has_exactly_the_names_that_the_code_uses():
    used = {name for module in product_modules().values() for name in named_work(module.tree)}

    assert used == set(WAKEUP_TASKS)
