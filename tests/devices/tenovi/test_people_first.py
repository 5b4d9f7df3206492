"""People book ahead of background work, and several keys share it."""

import threading
import time

import pytest
from django.db import connection
from django.utils import timezone

from devices.models import KeySlot
from devices.tenovi.rate_limiter import SHARED_BUCKET, NoSlot
from tests.devices.tenovi.gates import KEYS, a_gate, busy, with_others
from tests.patience import PATIENCE_SECONDS

pytestmark = pytest.mark.django_db


def test_background_takes_what_is_free_now_and_never_books_ahead():
    background = a_gate(person=False, gap=30)
    background.take(max_wait=0)

    with pytest.raises(NoSlot):
        background.take(max_wait=0.1)
    busy(seconds=0.1)
    assert background.take(max_wait=PATIENCE_SECONDS)


@with_others
def test_a_person_books_before_a_waiting_background():
    """Background waits for the next free moment; a person who comes meanwhile has it."""
    order = []

    def take(name, gate):
        try:
            gate.take(max_wait=PATIENCE_SECONDS)
            order.append(name)
        finally:
            connection.close()

    a_gate(gap=2).take(max_wait=1)
    waiting = threading.Thread(target=take, args=("background", a_gate(person=False, gap=2)))
    waiting.start()
    time.sleep(0.1)
    take("person", a_gate(gap=2))
    waiting.join()

    assert order == ["person", "background"]


def test_background_yields_to_a_person_who_could_not_even_book():
    busy(seconds=60)
    with pytest.raises(NoSlot):
        a_gate(gap=30).take(max_wait=0.01)
    KeySlot.objects.update(next_free_at=timezone.now())  # a minute later

    with pytest.raises(NoSlot):
        a_gate(person=False, gap=30).take(max_wait=0)
    assert a_gate(gap=30).take(max_wait=0)


def test_background_comes_to_its_turn_when_people_have_gone():
    a_gate().take(max_wait=1)

    assert a_gate(person=False).take(max_wait=PATIENCE_SECONDS)


def test_background_takes_the_key_that_is_free():
    busy(KEYS[0])
    busy(KEYS[2])

    assert a_gate(*KEYS, person=False).take(max_wait=1).key == KEYS[1]


def test_several_keys_together_are_faster_than_one():
    gate = a_gate(*KEYS, person=False, gap=30)

    assert {gate.take(max_wait=1).key for _ in KEYS} == set(KEYS)
    with pytest.raises(NoSlot):
        gate.take(max_wait=0.01)


def test_keys_that_share_a_bucket_share_its_slots():
    a_gate(KEYS[0], shared=True, gap=30).take(max_wait=1)

    with pytest.raises(NoSlot):
        a_gate(KEYS[1], person=False, shared=True, gap=30).take(max_wait=0.01)
    assert KeySlot.objects.filter(bucket=SHARED_BUCKET).exists()
