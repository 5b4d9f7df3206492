"""The product's processes (servers, simulator, web, workers, beat), started in order, for demo, run and tests."""

import contextlib
import http.client
import secrets
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from config.launcher.database_guard import refuse_unknown_migrations
from config.launcher.errors import LauncherError
from config.launcher.paths import ROOT
from config.launcher.postgres import Postgres
from config.launcher.processes import OrphanReaper
from config.launcher.stop_signals import StopSignalListener
from config.launcher.supervisor import PYTHON, Supervisor
from config.launcher.valkey import Valkey

READY_TIMEOUT_SECONDS = 240  # for a busy machine; a process that dies is noticed at once
WORKER_PROCESSES = {
    "ingest": 1,
    "people": 2,
    "background": 2,
}  # queue: processes; one of `people` is always free to send
WORKER_FLAGS = ("--without-gossip", "--without-mingle", "--without-heartbeat")


@dataclass(frozen=True)
class StackConfig:
    """`env`: the whole environment, except the URLs of embedded servers. `simulator_flags`: None for the real vendor.

    `prepare_before_web` runs after the migrations and before the web server starts.
    """

    state: Path
    env: Mapping[str, str]
    port: int
    host: str = "127.0.0.1"
    simulator_flags: tuple[str, ...] | None = None
    prepare_before_web: Callable[[Supervisor], None] | None = None
    other_version_advice: str = "start the version that made it, or name an empty database"


@dataclass
class Stack:
    plan: StackConfig
    supervisor: Supervisor
    postgres: Postgres | None
    valkey: Valkey | None
    env: Mapping[str, str] = field(repr=False)

    @property
    def base_url(self) -> str:
        return f"http://{self.plan.host}:{self.plan.port}"

    @property
    def simulator_url(self) -> str:
        return self.env["TENOVI_BASE_URL"]

    def run_manage_command(self, *words: str) -> str:
        """Run a management command; what it printed."""
        return self.supervisor.run(f"manage-{words[0]}-{secrets.token_hex(3)}", [PYTHON, "manage.py", *words])


@contextlib.contextmanager
def running_stack(plan: StackConfig, *, reaper: OrphanReaper, stop_listener: StopSignalListener) -> Iterator[Stack]:
    with ExitStack() as stack:
        env, postgres, valkey = {**plan.env, **fixed_settings(plan)}, None, None
        if not is_configured(plan.env, "DATABASE_URL"):
            postgres = stack.enter_context(Postgres(plan.state, reaper=reaper))
            env["DATABASE_URL"] = postgres.url
        if not is_configured(plan.env, "CELERY_BROKER_URL"):
            valkey = stack.enter_context(Valkey(plan.state, reaper=reaper))
            env["CELERY_BROKER_URL"] = valkey.url
        if plan.simulator_flags is not None:
            env["TENOVI_BASE_URL"] = f"http://127.0.0.1:{find_free_port()}"
        refuse_unknown_migrations(env["DATABASE_URL"], advice=plan.other_version_advice)
        supervisor = Supervisor(state=plan.state, env=env, reaper=reaper, stop_listener=stop_listener)
        for server in filter(None, (postgres, valkey)):
            supervisor.watch_server(server)
        stack.callback(supervisor.stop)
        supervisor.run("prepare", [PYTHON, "-m", "config.launcher.prepare"])
        if plan.simulator_flags is not None:
            start_simulator(supervisor, plan.simulator_flags)
        if plan.prepare_before_web:
            plan.prepare_before_web(supervisor)
        start_web(supervisor, plan)
        start_workers(supervisor)
        yield Stack(plan, supervisor, postgres, valkey, env)


def start_simulator(supervisor: Supervisor, flags: tuple[str, ...]) -> None:
    env, address = supervisor.env, urlsplit(supervisor.env["TENOVI_BASE_URL"])
    words = (
        "--bind",
        address.netloc,
        "--state",
        supervisor.state / "vendor.db",
        "--domain",
        env["TENOVI_CLIENT_DOMAIN"],
    )
    supervisor.start_dependency(
        "simulator",
        [PYTHON, "-m", "devices.simulator", *words, *flags],
        SIMULATOR_KEYS=env["TENOVI_API_KEYS"],
        SIMULATOR_CONTROL=env["SIMULATOR_CONTROL"],
    )
    supervisor.wait_until(
        lambda: accepts_connections(address.hostname, address.port),
        what="The simulated vendor",
        seconds=READY_TIMEOUT_SECONDS,
    )


def start_web(supervisor: Supervisor, plan: StackConfig) -> None:
    words = ("--config", ROOT / "config" / "gunicorn.py", "config.wsgi:application")
    supervisor.start("web", [PYTHON, "-m", "gunicorn", *words], BIND=f"{plan.host}:{plan.port}")
    supervisor.wait_until(
        lambda: is_web_healthy(plan, supervisor.env), what="The web server", seconds=READY_TIMEOUT_SECONDS
    )


def start_workers(supervisor: Supervisor) -> None:
    celery = [PYTHON, "-m", "celery", "-A", "config"]
    for queue, count in WORKER_PROCESSES.items():
        words = ("-Q", queue, "-c", str(count), "-n", f"{queue}@%h", "--loglevel", "INFO", *WORKER_FLAGS)
        supervisor.start(f"worker-{queue}", [*celery, "worker", *words])
    # Beat's file may be lost: what is due comes from rows.
    supervisor.start("beat", [*celery, "beat", "--schedule", supervisor.state / "beat-schedule", "--pidfile="])


def fixed_settings(plan: StackConfig) -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PYTHONUNBUFFERED": "1",
        "STATIC_ROOT": str(plan.state / "static"),
    }


def is_configured(env: Mapping[str, str], name: str) -> bool:
    return bool(env.get(name) or env.get(f"{name}_FILE"))


def is_web_healthy(plan: StackConfig, env: Mapping[str, str]) -> bool:
    """GET /healthz/ with the site's host name, as a proxy would send it."""
    host = urlsplit(env.get("SITE_URL", "")).netloc or f"{plan.host}:{plan.port}"
    bound = "127.0.0.1" if plan.host == "0.0.0.0" else plan.host  # noqa: S104  compared, not bound
    connection = http.client.HTTPConnection(bound, plan.port, timeout=5)
    with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
        connection.request("GET", "/healthz/", headers={"Host": host, "X-Forwarded-Proto": "https"})
        return connection.getresponse().status == http.HTTPStatus.OK
    return False


def accepts_connections(host: str | None, port: int | None) -> bool:
    try:
        socket.create_connection((host or "127.0.0.1", port or 0), timeout=1).close()
    except OSError:
        return False
    return True


def find_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def refuse_taken_port(host: str, port: int, *, target: str) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError:
            raise LauncherError(
                f"Port {port} needs root: choose one above 1023, say PORT=8001 make {target}."
            ) from None
        except OSError as error:
            taken = (
                f"Port {port} on {host} is taken ({error.strerror}): choose another, say PORT={port + 1} make {target}."
            )
            raise LauncherError(taken) from None
