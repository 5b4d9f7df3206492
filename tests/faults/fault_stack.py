"""The product as processes on embedded servers, with methods that break each of them."""

import contextlib
import dataclasses
import json
import os
import signal
import subprocess
import time
from itertools import pairwise
from urllib.parse import urlsplit

import httpx2
import psycopg
import pytest
import redis
from celery import current_app

from config.launcher.paths import ROOT
from config.launcher.supervisor import PYTHON
from tests import stacks
from tests.timeouts import LONG_WAIT_TIMEOUT_SECONDS, WAIT_TIMEOUT_SECONDS

# The simulated vendor's limit, fifty times as fast as the real one. The product's gap is longer by more than the real
# 0.05 s: the simulator shares two processors with everything else, and notes requests up to 50 ms after they arrived.
GAP_SECONDS = 0.02
STAGE_SECONDS = 100_000  # parcels move when a test pushes the vendor's clock
COMPRESSED = {
    "TENOVI_CALL_GAP_SECONDS": str(GAP_SECONDS + 0.08),
    "ORDER_SETTLE_SECONDS": "2",
    "TRACKING_WINDOW_SECONDS": "0.5",
    "UNKNOWN_DEVICE_LOOKUP_SECONDS": "1",
    "LEASE_SECONDS": "4",
    "SWEEP_SECONDS": "3",
}
POLL_SECONDS = 0.1


def with_sizes(part, whole):
    """`part` runs with `make test`, `whole` with `make test-faults`."""
    return pytest.mark.parametrize("size", [part, pytest.param(whole, marks=pytest.mark.faults)])


def fault_plan(state):
    plan = stacks.stack_plan(state)
    flags = ("--stage-seconds", str(STAGE_SECONDS), "--gap-seconds", str(GAP_SECONDS))
    return dataclasses.replace(plan, env={**plan.env, **COMPRESSED}, simulator_flags=flags)


class FaultStack:
    def __init__(self, stack):
        self.stack, self.address = stack, (stack.plan.host, stack.plan.port)
        self.secret = stack.env["TENOVI_WEBHOOK_SECRETS"]
        self.vendor = httpx2.Client(
            base_url=f"{stack.simulator_url}/_control/",
            headers={"X-Control": stack.env["SIMULATOR_CONTROL"]},
            timeout=WAIT_TIMEOUT_SECONDS,
        )
        self.broker = redis.Redis(
            unix_socket_path=urlsplit(stack.env["CELERY_BROKER_URL"]).path,
            socket_timeout=WAIT_TIMEOUT_SECONDS,
            retry=None,
        )
        self._db = None
        words = [PYTHON, "-m", "tests.faults.record_creator"]
        self._record_creator = subprocess.Popen(
            words, cwd=ROOT, env=dict(stack.env), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def close(self):
        self._record_creator.communicate()  # the end of its input is the end of it
        self.vendor.close()
        self.broker.close()
        if self._db:
            self._db.close()

    # --- the database --------------------------------------------------------------------------------------

    def rows(self, query, *values):
        """Run once more when the connection died with a server that has been restarted since."""
        for last in (False, True):
            try:
                if self._db is None or self._db.closed:
                    self._db = psycopg.connect(self.stack.env["DATABASE_URL"], autocommit=True)
                result = self._db.execute(query, values)
                return result.fetchall() if result.description else []
            except psycopg.OperationalError:
                self._db = None
                if last:
                    raise
        raise AssertionError("unreachable")

    def one(self, query, *values):
        return self.rows(query, *values)[0][0]

    def send_task(self, task, queue, *, times=1):
        """As the product's own wake-ups and sweeps do."""
        with current_app.connection_for_write(url=self.stack.env["CELERY_BROKER_URL"]) as broker:
            for _ in range(times):
                current_app.send_task(task, queue=queue, connection=broker, retry=False)

    def get(self, path, **options):
        return httpx2.get(f"{self.stack.base_url}{path}", timeout=WAIT_TIMEOUT_SECONDS, **options)

    def deadlocks(self):
        """Since the server's last crash."""
        return self.one("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")

    def create_records(self, action, **wanted):
        self._record_creator.stdin.write(json.dumps([action, wanted]) + "\n")
        self._record_creator.stdin.flush()
        return json.loads(self._record_creator.stdout.readline())

    def wait_until(self, check, *, what):
        """Seconds that it took."""
        began = time.monotonic()
        while not check():
            waited = time.monotonic() - began
            assert waited < LONG_WAIT_TIMEOUT_SECONDS, (
                f"{what} is not done after {LONG_WAIT_TIMEOUT_SECONDS} s: {self.diagnosis()}"
            )
            time.sleep(POLL_SECONDS)
        return time.monotonic() - began

    def diagnosis(self):
        """Where work is blocked: waiting messages, deliveries, jobs and ended processes."""
        broker = {key.decode(): self.broker.llen(key) for key in (b"ingest", b"people", b"background")}
        inbox = self.rows(
            "SELECT state, lease IS NOT NULL, count(*), min(next_attempt_at - now()), max(leased_until - now()) "
            "FROM devices_delivery WHERE state IN ('new', 'waiting') GROUP BY 1, 2"
        )
        jobs = self.rows("SELECT name, now() - succeeded_at, problem FROM queueing_periodicjob")
        ended = [each.name for each in self.stack.supervisor.watched_processes if not each.is_running()]
        return {"broker": broker, "inbox": inbox, "jobs": jobs, "ended": ended}

    # --- processes ----------------------------------------------------------------------------------------------------

    def process(self, name):
        return next(each for each in self.stack.supervisor.watched_processes if each.name == name)

    def kill(self, name):
        """SIGKILL for the process and each of its children."""
        kill_process_tree(self.process(name))

    def restart(self, name):
        self.kill(name)
        self.process(name).start()

    def remove_process(self, name):
        """Stop a process that a test has started."""
        process = self.process(name)
        process.stop()
        for processes in (self.stack.supervisor.processes, self.stack.supervisor.watched_processes):
            processes.remove(process)

    @contextlib.contextmanager
    def stopped(self, *names):
        """Stopped in an orderly way, and started again afterwards as the machine's supervisor would."""
        for name in names:
            self.process(name).stop()
        try:
            yield
        finally:
            for name in names:
                self.process(name).start()

    @contextlib.contextmanager
    def hung(self, name):
        """SIGSTOP: it accepts connections and never answers."""
        self.process(name).send(signal.SIGSTOP)
        try:
            yield
        finally:
            self.process(name).send(signal.SIGCONT)

    def crash_database(self):
        """Power cut: SIGKILL to all backends. Committed rows must be there afterwards."""
        kill_process_tree(self.stack.postgres.process)

    def restore(self):
        """Undo what a test has left broken, so that it affects no other test."""
        self.vendor.delete("faults")
        self.vendor.post("limits", json={"gap_seconds": GAP_SECONDS})
        self.vendor.post("webhooks", json={"drop_rate": 0, "duplicate_rate": 0, "late_rate": 0, "pause": False})
        for process in self.stack.supervisor.watched_processes:
            process.send(signal.SIGCONT)
        for server in (self.stack.postgres, self.stack.valkey):
            if not server.process.is_running():
                server.start()
        for process in self.stack.supervisor.watched_processes:
            if not process.is_running():
                process.start()
        self.rows("UPDATE devices_apikeyslot SET refused_since = NULL, refused_reason = ''")

    # --- the vendor ---------------------------------------------------------------------------------------------------

    def read_control(self, path):
        return self.vendor.get(path).raise_for_status().json()

    def send_control(self, path, **body):
        return self.vendor.post(path, json=body).raise_for_status().json()

    def fault(self, kind, *, method="", path="", query="", **options):
        wanted = {"method": method, "path_contains": path, "query_contains": query}
        match = {name: value for name, value in wanted.items() if value}
        self.send_control("faults", kind=kind, match=match, **options)

    def clear_requests(self):
        self.vendor.delete("requests").raise_for_status()

    def smallest_gap(self):
        """Seconds between the two nearest calls on one key, as the vendor saw them since `clear_requests`."""
        times = {}
        for line in self.read_control("requests"):
            times.setdefault(line["key"], []).append(line["at"])
        return min((b - a for each in times.values() for a, b in pairwise(sorted(each))), default=float("inf"))

    def references(self):
        """Our short reference of every device that the vendor has created, as often as it was ordered."""
        orders = [each["device"]["fulfillment_request"] or {} for each in self.read_control("devices")]
        return [notes.split()[0] for order in orders if (notes := order.get("client_notes"))]


def kill_process_tree(process):
    for pid in [process.pid, *descendant_pids(process.pid)]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.kill()


def descendant_pids(pid):
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    children = {}
    for line in listed.splitlines():
        child, parent = map(int, line.split())
        children.setdefault(parent, []).append(child)
    found, waiting = [], [pid]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return found
