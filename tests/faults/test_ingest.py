"""Ingest under load, in bursts and out of order: acknowledged readings are stored once, for the assigned patient."""

import random
import signal
import threading
import time

import pytest

from tests.faults.delivery_log import NEWEST, DeliveryLog, weight_item
from tests.faults.fault_stack import with_sizes
from tests.faults.results_table import ResultRow
from tests.faults.webhook_sender import post_webhook

RATE = 200
SEED = 20261121


@with_sizes(2, 45)
def test_ingest_stores_200_readings_a_second_without_a_backlog(delivery_log, report_row, size):
    delivery_log.send(delivery_log.bodies(RATE * size), rate=RATE)
    drained = delivery_log.wait_until_processed()

    row = delivery_log.row(f"ingest, {RATE}/s for {size} s", f"backlog gone {drained:.1f} s after the last")
    report_row(row)
    assert row.acknowledged == row.sent == row.stored


@with_sizes(300, 5000)
def test_ingest_stores_every_reading_of_a_burst(delivery_log, report_row, size):
    seconds = delivery_log.send(delivery_log.bodies(size))
    drained = delivery_log.wait_until_processed()

    row = delivery_log.row(f"burst of {size:,}", f"acknowledged in {seconds:.1f} s, drained {drained:.1f} s later")
    report_row(row)
    assert row.acknowledged == row.sent == row.stored == size


@with_sizes(60, 1000)
def test_ingest_stores_five_shuffled_copies_of_a_reading_as_one_row(delivery_log, report_row, size):
    copies = delivery_log.bodies(size) * 5
    random.Random(SEED).shuffle(copies)
    delivery_log.send(copies)
    delivery_log.wait_until_processed()

    row = delivery_log.row(f"{size:,} readings x 5 shuffled", f"seed {SEED}")
    report_row(row)
    assert (row.acknowledged, row.stored) == (5 * size, size)


def test_ingest_stores_late_readings_for_the_patient_assigned_at_that_time(fault_stack, report_row):
    reassigned_at = NEWEST.replace(hour=7, minute=0)
    earlier, later = fault_stack.create_records("create_reassigned_device", at_iso=reassigned_at.isoformat())
    delivery_log = DeliveryLog(fault_stack, [earlier])
    numbers = list(range(1, 121))  # minutes before 8:00: 60 of them at 7:00 or after
    random.Random(SEED).shuffle(numbers)
    delivery_log.send(
        [delivery_log.body([weight_item(earlier["hwi_id"], later["external_id"], number)]) for number in numbers]
    )
    delivery_log.wait_until_processed()

    held = (
        "SELECT reading.patient_id::text, min(index), max(index), count(*) FROM measurements_measurement reading JOIN "
    )
    held += "devices_device device ON device.id = reading.device_id WHERE hwi_id = %s::uuid GROUP BY 1"
    found = {patient: counts for patient, *counts in fault_stack.rows(held, earlier["hwi_id"])}
    report_row(delivery_log.row("late readings after a reassignment"))
    assert found == {later["patient"]: [1, 60, 60], earlier["patient"]: [61, 120, 60]}


@pytest.mark.faults
def test_webhook_secret_rotation_under_load_refuses_no_valid_request(fault_stack, delivery_log, report_row):
    """As an operator does it: both secrets valid, the vendor changes, then the new one alone."""
    rate = 100
    rotation = SecretRotation(fault_stack)
    with rotation:
        turn = threading.Thread(target=rotation.turn_over)
        turn.start()
        batches = 0
        while turn.is_alive():  # a stream without end, in batches of a second
            bodies = delivery_log.bodies(rate, first=1 + rate * batches)
            delivery_log.send(bodies, rate=rate, secret=lambda _number: rotation.sent)
            batches += 1
        turn.join()
        assert rotation.problem is None, rotation.problem
        assert post_webhook(fault_stack.address, b"[]", secret=rotation.old) == 401
    delivery_log.wait_until_processed()

    row = delivery_log.row("secret rotated under load", f"two reloads in {batches} s, {dict(delivery_log.statuses)}")
    report_row(row)
    assert row.acknowledged == row.sent == row.stored


class SecretRotation:
    """gunicorn's own environment can't change, so the secrets come from a file, which each new worker reads."""

    def __init__(self, fault_stack):
        self.fault_stack, self.web, self.file = (
            fault_stack,
            fault_stack.process("web"),
            fault_stack.stack.plan.state / "secrets.txt",
        )
        self.old, self.new = fault_stack.secret, "Bearer the-next-secret-of-the-fault-tests"
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
        """Until every worker responds so: each handles some of twenty requests."""

        def asked():
            return [post_webhook(self.fault_stack.address, b"[]", secret=secret) == 204 for _ in range(20)]

        self.fault_stack.wait_until(lambda: set(asked()) == {accepted}, what="the reload")


@pytest.mark.parametrize("poison", ["not json", "unknown device"])
@with_sizes(219, 999)  # a batch is 200
def test_ingest_quarantines_one_bad_delivery_without_delaying_the_others(
    fault_stack, delivery_log, report_row, poison, size
):
    bodies = delivery_log.bodies(size)
    unknown = weight_item("12345678-abcd-1234-abcd-1234567890ab", "54321", 1)
    bad = b'{"metric": ' if poison == "not json" else delivery_log.body([unknown], usable=False)
    delivery_log.keys_of[bad] = []
    bodies.insert(size // 2, bad)
    delivery_log.send(bodies)
    seconds = fault_stack.wait_until(lambda: len(delivery_log.stored()) == size, what="the good ones")
    time.sleep(1)
    fault_stack.send_task("devices.tasks.look_up_unknown_devices", "background")  # due every 30 s
    delivery_log.wait_until_processed()

    row = delivery_log.row(f"{size + 1:,} with one poison: {poison}", f"{size} stored {seconds:.1f} s after the last")
    report_row(row)
    assert (row.acknowledged, row.stored, row.quarantined) == (size + 1, size, 1)


def test_ingest_quarantines_bad_list_items_and_stores_the_others(delivery_log, report_row):
    bodies = []
    for first in range(1, 500, 10):
        items = [delivery_log.item(number) for number in range(first, first + 9)]
        delivery_log.keys_of[body := delivery_log.body([*items, delivery_log.item(first + 9, value_1="NaN")])] = [
            (item["hwi_device_id"], item["filter_params"]["measurement_index"]) for item in items
        ]
        bodies.append(body)
    delivery_log.send(bodies)
    delivery_log.wait_until_processed()

    row = delivery_log.row("50 lists of 10, each with one bad item")
    report_row(row)
    assert (row.stored, row.quarantined) == (450, 50)


def test_replay_of_the_whole_inbox_changes_nothing(fault_stack, delivery_log, report_row):
    delivery_log.send(delivery_log.bodies(300))
    delivery_log.wait_until_processed()
    before = delivery_log.stored()
    fault_stack.stack.run_manage_command("replay_deliveries", "--all")
    delivery_log.wait_until_processed()

    report_row(delivery_log.row("the same, replayed"))
    assert delivery_log.stored() == before


def test_result_row_with_a_loss_fails():
    with pytest.raises(AssertionError):
        ResultRow("a loss", held=1, sent=1, acknowledged=1, stored=0, lost=1).is_sound()
