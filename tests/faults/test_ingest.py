"""What is acknowledged is stored, once, with the patient who held the device: under load, in bursts, out of order."""

import random
import signal
import threading
import time

import pytest

from tests.faults.arena import sizes
from tests.faults.ledger import NEWEST, Ledger, reading
from tests.faults.sender import post
from tests.faults.table import Row

RATE = 200
SEED = 20261121


@sizes(3, 45)
def test_two_hundred_readings_a_second_are_kept_and_leave_no_backlog(ledger, tell, size):
    ledger.send(ledger.bodies(RATE * size), rate=RATE)
    drained = ledger.settle()

    row = ledger.row(f"ingest, {RATE}/s for {size} s", f"backlog gone {drained:.1f} s after the last")
    tell(row)
    assert row.acknowledged == row.sent == row.stored


@sizes(500, 5000)
def test_a_burst_is_kept(ledger, tell, size):
    seconds = ledger.send(ledger.bodies(size))
    drained = ledger.settle()

    row = ledger.row(f"burst of {size:,}", f"acknowledged in {seconds:.1f} s, drained {drained:.1f} s later")
    tell(row)
    assert row.acknowledged == row.sent == row.stored == size


@sizes(100, 1000)
def test_five_shuffled_copies_of_each_reading_are_one_row_each(ledger, tell, size):
    copies = ledger.bodies(size) * 5
    random.Random(SEED).shuffle(copies)
    ledger.send(copies)
    ledger.settle()

    row = ledger.row(f"{size:,} readings x 5 shuffled", f"seed {SEED}")
    tell(row)
    assert (row.acknowledged, row.stored) == (5 * size, size)


def test_late_readings_of_a_reassigned_device_go_to_who_held_it_then(arena, tell):
    moment = NEWEST.replace(hour=7, minute=0)
    earlier, later = arena.seed("reassigned", moment=moment.isoformat())
    ledger = Ledger(arena, [earlier])
    numbers = list(range(1, 121))  # minutes before 8:00: 60 of them at 7:00 or after
    random.Random(SEED).shuffle(numbers)
    ledger.send([ledger.body([reading(earlier["hwi_id"], later["external_id"], number)]) for number in numbers])
    ledger.settle()

    held = "SELECT kept.patient_id::text, min(index), max(index), count(*) FROM measurements_measurement kept JOIN "
    held += "devices_device device ON device.id = kept.device_id WHERE hwi_id = %s::uuid GROUP BY 1"
    found = {patient: counts for patient, *counts in arena.rows(held, earlier["hwi_id"])}
    tell(ledger.row("late readings after a reassignment"))
    assert found == {later["patient"]: [1, 60, 60], earlier["patient"]: [61, 120, 60]}


@pytest.mark.faults
def test_a_secret_is_rotated_by_a_reload_under_load_without_a_wrong_refusal(arena, ledger, tell):
    """As an operator does it: both live, the vendor changes over, the new one alone."""
    rate = 100
    rotation = Rotation(arena)
    with rotation:
        turn = threading.Thread(target=rotation.turn_over)
        turn.start()
        batches = 0
        while turn.is_alive():  # a stream without end, in batches of a second
            bodies = ledger.bodies(rate, first=1 + rate * batches)
            ledger.send(bodies, rate=rate, secret=lambda _number: rotation.sent)
            batches += 1
        turn.join()
        assert rotation.problem is None, rotation.problem
        assert post(arena.address, b"[]", secret=rotation.old) == 401
    ledger.settle()

    row = ledger.row("secret rotated under load", f"two reloads in {batches} s, {dict(ledger.statuses)}")
    tell(row)
    assert row.acknowledged == row.sent == row.stored


class Rotation:
    """gunicorn's own environment can't change, so the secrets come from a file, which each new worker reads."""

    def __init__(self, arena):
        self.arena, self.web, self.file = arena, arena.process("web"), arena.house.plan.state / "secrets.txt"
        self.old, self.new = arena.secret, "Bearer the-next-secret-of-the-fault-tests"
        self.sent, self.problem = self.old, None
        self.env = self.web.env

    def __enter__(self):
        self.file.write_text(self.old)
        others = {name: value for name, value in self.env.items() if name != "TENOVI_WEBHOOK_SECRETS"}
        self._restart(others | {"TENOVI_WEBHOOK_SECRETS_FILE": str(self.file)})

    def __exit__(self, *_):
        self._restart(self.env)

    def _restart(self, env):
        self.web.stop()
        self.web.env = env
        self.web.start()
        self._wait_until(self.old, accepted=True)

    def turn_over(self):
        try:
            self._reload(f"{self.old},{self.new}")
            self._wait_until(self.new, accepted=True)
            self.sent = self.new
            time.sleep(2)  # what was sent with the old one has arrived
            self._reload(self.new)
            self._wait_until(self.old, accepted=False)
        except AssertionError as problem:
            self.problem = problem

    def _reload(self, secrets):
        self.file.write_text(secrets)
        self.web.send(signal.SIGHUP)

    def _wait_until(self, secret, *, accepted):
        """Until every worker says so: each answers some of twenty."""

        def asked():
            return [post(self.arena.address, b"[]", secret=secret) == 204 for _ in range(20)]

        self.arena.wait_until(lambda: set(asked()) == {accepted}, what="the reload")


@pytest.mark.parametrize("poison", ["not json", "unknown device"])
@sizes(299, 999)  # a batch is 200
def test_one_poison_row_among_hundreds_delays_nobody(arena, ledger, tell, poison, size):
    bodies = ledger.bodies(size)
    stranger = reading("12345678-abcd-1234-abcd-1234567890ab", "54321", 1)
    bad = b'{"metric": ' if poison == "not json" else ledger.body([stranger], usable=False)
    ledger.keys_of[bad] = []
    bodies.insert(size // 2, bad)
    ledger.send(bodies)
    seconds = arena.wait_until(lambda: len(ledger.stored()) == size, what="the good ones")
    time.sleep(1)
    arena.nudge("devices.tasks.look_up_unknown", "background")  # due every 30 s
    ledger.settle()

    row = ledger.row(f"{size + 1:,} with one poison: {poison}", f"{size} stored {seconds:.1f} s after the last")
    tell(row)
    assert (row.acknowledged, row.stored, row.quarantined) == (size + 1, size, 1)


def test_bad_items_of_lists_cost_their_siblings_nothing(ledger, tell):
    bodies = []
    for first in range(1, 500, 10):
        items = [ledger.item(number) for number in range(first, first + 9)]
        ledger.keys_of[body := ledger.body([*items, ledger.item(first + 9, value_1="NaN")])] = [
            (item["hwi_device_id"], item["filter_params"]["measurement_index"]) for item in items
        ]
        bodies.append(body)
    ledger.send(bodies)
    ledger.settle()

    row = ledger.row("50 lists of 10, each with one bad item")
    tell(row)
    assert (row.stored, row.quarantined) == (450, 50)


def test_replaying_the_whole_inbox_changes_nothing(arena, ledger, tell):
    ledger.send(ledger.bodies(300))
    ledger.settle()
    before = ledger.stored()
    arena.house.manage("replay_deliveries", "--all")
    ledger.settle()

    tell(ledger.row("the same, replayed"))
    assert ledger.stored() == before


def test_the_table_refuses_a_loss():
    with pytest.raises(AssertionError):
        Row("a loss", held=1, sent=1, acknowledged=1, stored=0, lost=1).is_sound()
