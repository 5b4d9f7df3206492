"""PostgreSQL may crash, run out of connections, or out of disk: a 503 loses nothing, and nobody has to repair it."""

import os
import shutil
import signal
import subprocess
import threading
import time

import psycopg
import pytest

from config.launcher.paths import database_owner
from config.launcher.processes import as_user
from tests.faults.arena import descendants, sizes
from tests.patience import WORK_SECONDS

RATE = 50
REFUSALS = {0, 204, 503}  # 0: the connection broke, which is no acknowledgement either


def stream(ledger, seconds, *, first=1):
    bodies = ledger.bodies(RATE * seconds, first=first)
    thread = threading.Thread(target=ledger.send, args=(bodies,), kwargs={"rate": RATE})
    thread.start()
    return thread


def recovered(arena, ledger):
    """Webhooks are taken again and worked on, without any process restarted by hand."""
    began = time.monotonic()
    ledger.since_refusal = len(ledger.seconds)
    number = 100_000
    while True:
        before = ledger.statuses[204]
        ledger.send(ledger.bodies(5, first=number))
        if ledger.statuses[204] == before + 5:
            break
        number += 5
        assert time.monotonic() - began < WORK_SECONDS, ledger.statuses
        time.sleep(0.5)
    ledger.settle()
    return time.monotonic() - began


def judged(arena, ledger, tell, what):
    seconds = recovered(arena, ledger)
    row = ledger.row(what, f"{dict(ledger.statuses)}, whole again after {seconds:.1f} s")
    tell(row)
    assert set(ledger.statuses) <= REFUSALS
    assert row.acknowledged <= row.stored <= row.sent


@sizes(8, 20)
def test_postgres_crashes_twice_during_ingest(arena, ledger, tell, size):
    sending = stream(ledger, size)
    time.sleep(size / 4)
    arena.crash_database()
    arena.house.postgres.start()
    time.sleep(size / 4)
    kill_one_backend(arena)  # the postmaster ends all others and recovers by itself
    sending.join()

    assert ledger.statuses[204] < ledger.statuses.total(), "the crash was not felt, so this shows nothing"
    judged(arena, ledger, tell, "PostgreSQL crashed twice")


def kill_one_backend(arena):
    busy = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'"
    os.kill(arena.one(busy), signal.SIGKILL)


def test_when_all_connections_are_taken_a_webhook_is_told_to_come_again(arena, ledger, tell):
    ledger.send(ledger.bodies(50))
    with all_connections(arena):
        ledger.send(ledger.bodies(50, first=51))

    assert ledger.statuses[503] == 50, ledger.statuses
    judged(arena, ledger, tell, "all connections taken")


class all_connections:  # noqa: N801  reads as a state of the world
    """Takes every connection of the server, those of the product included."""

    def __init__(self, arena):
        self.url, self.taken = arena.house.env["DATABASE_URL"], []

    def __enter__(self):
        """What is ended by force frees its place a little later: until each of them is ours."""
        self._take_free_ones()
        places = int(self.taken[0].execute("SHOW max_connections").fetchone()[0])
        while len(self.taken) < places:
            self._end_others()
            time.sleep(0.1)
            self._take_free_ones()

    def _end_others(self):
        query = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_type = 'client backend' "
        ours = [session.info.backend_pid for session in self.taken]
        self.taken[0].execute(query + "AND NOT pid = ANY(%s)", [ours])

    def _take_free_ones(self):
        while True:
            try:
                self.taken.append(psycopg.connect(self.url, autocommit=True))
            except psycopg.OperationalError:
                return

    def __exit__(self, *_):
        for session in self.taken:
            session.close()


@pytest.mark.skipif(shutil.which("prlimit") is None, reason="limits of a running server need Linux")
def test_a_full_disk_is_a_503_and_room_again_is_enough(arena, ledger, tell):
    """No file of the server may grow beyond 16 MiB, the size of its log's segments; bodies of 240 KiB fill one."""
    bodies = [ledger.garbage(240 * 1024) for _ in range(150)]
    limit_files(arena, 16 * 1024 * 1024)
    try:
        ledger.send(bodies, threads=4)
        assert ledger.statuses[503] > 0, ledger.statuses
    finally:
        limit_files(arena, "unlimited")

    seconds = recovered(arena, ledger)
    row = ledger.row("disk full", f"{dict(ledger.statuses)}, whole again after {seconds:.1f} s")
    tell(row)
    assert set(ledger.statuses) <= REFUSALS
    assert row.quarantined == ledger.statuses[204] - row.stored


def limit_files(arena, size):
    """For the postmaster, whose children inherit it, and those that are there; as the user that owns them."""
    postmaster = arena.house.postgres.process.pid
    for pid in [postmaster, *descendants(postmaster)]:
        command = ["prlimit", "--pid", str(pid), f"--fsize={size}:unlimited"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, **as_user(database_owner()))
        assert done.returncode == 0 or "No such process" in done.stderr, done.stderr
