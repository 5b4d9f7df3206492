"""PostgreSQL crashes, runs out of connections or out of disk: a 503 loses nothing, and recovery is automatic."""

import itertools
import os
import shutil
import signal
import subprocess
import threading
import time

import psycopg
import pytest

from config.launcher.paths import database_owner
from config.launcher.processes import popen_user_options
from tests.faults.fault_stack import descendant_pids, with_sizes
from tests.timeouts import LONG_WAIT_TIMEOUT_SECONDS

RATE = 50
REFUSALS = {0, 204, 503}  # 0: the connection broke, which is no acknowledgement either


def start_sending(delivery_log, seconds, *, first=1):
    bodies = delivery_log.bodies(RATE * seconds, first=first)
    thread = threading.Thread(target=delivery_log.send, args=(bodies,), kwargs={"rate": RATE})
    thread.start()
    return thread


def wait_for_recovery(fault_stack, delivery_log):
    """Webhooks are accepted and processed again, without a manual restart."""
    began = time.monotonic()
    delivery_log.since_refusal = len(delivery_log.seconds)
    number = 100_000
    while True:
        before = delivery_log.statuses[204]
        delivery_log.send(delivery_log.bodies(5, first=number))
        if delivery_log.statuses[204] == before + 5:
            break
        number += 5
        assert time.monotonic() - began < LONG_WAIT_TIMEOUT_SECONDS, delivery_log.statuses
        time.sleep(0.5)
    delivery_log.wait_until_processed()
    return time.monotonic() - began


def check_result(fault_stack, delivery_log, report_row, what):
    seconds = wait_for_recovery(fault_stack, delivery_log)
    row = delivery_log.row(what, f"{dict(delivery_log.statuses)}, recovered after {seconds:.1f} s")
    report_row(row)
    assert set(delivery_log.statuses) <= REFUSALS
    assert row.acknowledged <= row.stored <= row.sent


@with_sizes(8, 20)
def test_ingest_survives_two_postgres_crashes(fault_stack, delivery_log, report_row, size):
    sending = start_sending(delivery_log, size)
    time.sleep(size / 4)
    fault_stack.crash_database()
    fault_stack.stack.postgres.start()
    time.sleep(size / 4)
    kill_one_backend(fault_stack)  # the postmaster ends all others and recovers by itself
    sending.join()

    assert delivery_log.statuses[204] < delivery_log.statuses.total(), "the crash had no effect, so this shows nothing"
    check_result(fault_stack, delivery_log, report_row, "PostgreSQL crashed twice")


def kill_one_backend(fault_stack):
    busy = "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'"
    os.kill(fault_stack.one(busy), signal.SIGKILL)


def test_processes_started_while_postgres_is_away_run_and_recover_with_it(fault_stack, delivery_log, report_row):
    """A killed web process, a reload and restarted workers: none of them needs the database to start."""
    watched = ("web", "worker-ingest", "worker-people", "worker-background", "beat")
    delivery_log.send(delivery_log.bodies(20))
    fault_stack.crash_database()
    web = fault_stack.process("web")
    for pid in descendant_pids(web.pid):
        os.kill(pid, signal.SIGKILL)
    for name in watched[1:]:
        fault_stack.restart(name)
    wait_for_refusals(fault_stack, delivery_log, first=1000)
    web.send(signal.SIGHUP)
    time.sleep(5)  # the workers of before the reload have ended by then
    wait_for_refusals(fault_stack, delivery_log, first=2000)

    assert [name for name in watched if not fault_stack.process(name).is_running()] == []
    fault_stack.stack.postgres.start()
    check_result(fault_stack, delivery_log, report_row, "processes started while PostgreSQL was away")


def wait_for_refusals(fault_stack, delivery_log, *, first):
    """Until webhooks get 503; connections are refused only until new web processes have started."""
    number = itertools.count(first, 5)

    def is_refused():
        before = delivery_log.statuses[503]
        delivery_log.send(delivery_log.bodies(5, first=next(number)))
        return delivery_log.statuses[503] == before + 5

    fault_stack.wait_until(is_refused, what="503 from new web processes")


def test_webhook_returns_503_when_all_database_connections_are_taken(fault_stack, delivery_log, report_row):
    delivery_log.send(delivery_log.bodies(50))
    with all_connections_taken(fault_stack):
        delivery_log.send(delivery_log.bodies(50, first=51))

    assert delivery_log.statuses[503] == 50, delivery_log.statuses
    check_result(fault_stack, delivery_log, report_row, "all connections taken")


class all_connections_taken:  # noqa: N801  used as a with statement
    """Takes every connection of the server, those of the product included."""

    def __init__(self, fault_stack):
        self.url, self.taken = fault_stack.stack.env["DATABASE_URL"], []

    def __enter__(self):
        """Take connections until all are taken: a terminated backend frees its slot a little later."""
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
def test_webhook_returns_503_on_a_full_disk_and_recovers_with_free_space(fault_stack, delivery_log, report_row):
    """No file of the server may grow beyond 16 MiB, the size of its log's segments; bodies of 240 KiB fill one."""
    bodies = [delivery_log.garbage(240 * 1024) for _ in range(150)]
    limit_file_size(fault_stack, 16 * 1024 * 1024)
    try:
        delivery_log.send(bodies, threads=4)
        assert delivery_log.statuses[503] > 0, delivery_log.statuses
    finally:
        limit_file_size(fault_stack, "unlimited")

    seconds = wait_for_recovery(fault_stack, delivery_log)
    row = delivery_log.row("disk full", f"{dict(delivery_log.statuses)}, recovered after {seconds:.1f} s")
    report_row(row)
    assert set(delivery_log.statuses) <= REFUSALS
    assert row.quarantined == delivery_log.statuses[204] - row.stored


def limit_file_size(fault_stack, size):
    """For the postmaster, whose children inherit it, and those that are there; as the user that owns them."""
    postmaster = fault_stack.stack.postgres.process.pid
    for pid in [postmaster, *descendant_pids(postmaster)]:
        command = ["prlimit", "--pid", str(pid), f"--fsize={size}:unlimited"]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, **popen_user_options(database_owner())
        )
        assert done.returncode == 0 or "No such process" in done.stderr, done.stderr
