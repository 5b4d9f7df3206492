"""The whole product as processes, in order and ready: how demo, `make run` and the journeys start it alike."""

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
from config.launcher.errors import Refused
from config.launcher.paths import ROOT
from config.launcher.postgres import Postgres, postgres
from config.launcher.processes import Leash
from config.launcher.stop_signals import Ear
from config.launcher.supervisor import PYTHON, Crew
from config.launcher.valkey import Valkey, valkey

READY_SECONDS = 240  # one that dies is noticed at once; a busy machine is only slow
WORKERS = {"ingest": 1, "people": 1, "background": 2}  # queue: processes
QUIET = ("--without-gossip", "--without-mingle", "--without-heartbeat")


def no_people(crew: Crew) -> None:
    """`before_web` of a house that needs nothing done between its tables and its web server."""


@dataclass(frozen=True)
class Plan:
    """`env` is the whole environment, addresses of own servers excepted. `vendor`: the simulator's flags, or None."""

    state: Path
    env: Mapping[str, str]
    port: int
    host: str = "127.0.0.1"
    vendor: tuple[str, ...] | None = None
    before_web: Callable[[Crew], None] = no_people
    other_version_advice: str = "start the version that made it, or name an empty database"


@dataclass
class House:
    plan: Plan
    crew: Crew
    postgres: Postgres | None
    valkey: Valkey | None
    env: Mapping[str, str] = field(repr=False)

    @property
    def base_url(self) -> str:
        return f"http://{self.plan.host}:{self.plan.port}"

    @property
    def vendor_url(self) -> str:
        return self.env["TENOVI_BASE_URL"]

    def manage(self, *words: str) -> str:
        """What a management command printed."""
        return self.crew.run(f"manage-{words[0]}-{secrets.token_hex(3)}", [PYTHON, "manage.py", *words])


@contextlib.contextmanager
def standing(plan: Plan, *, leash: Leash, ear: Ear) -> Iterator[House]:
    with ExitStack() as stack:
        own = Servers(stack, plan, leash)
        env = {**plan.env, **own.urls, **fixed(plan)}
        if plan.vendor is not None:
            env |= {"TENOVI_BASE_URL": f"http://127.0.0.1:{free_port()}"}
        refuse_unknown_migrations(env["DATABASE_URL"], advice=plan.other_version_advice)
        crew = Crew(state=plan.state, env=env, leash=leash, ear=ear)
        own.watched_by(crew)
        stack.callback(crew.stop)
        crew.run("prepare", [PYTHON, "-m", "config.launcher.prepare"])
        start(crew, plan)
        yield House(plan, crew, own.postgres, own.valkey, env)


def start(crew: Crew, plan: Plan) -> None:
    if plan.vendor is not None:
        start_vendor(crew, plan.vendor)
    plan.before_web(crew)
    start_web(crew, plan)
    start_workers(crew)


def start_vendor(crew: Crew, flags: tuple[str, ...]) -> None:
    address = urlsplit(crew.env["TENOVI_BASE_URL"])
    given = {"SIMULATOR_KEYS": crew.env["TENOVI_API_KEYS"], "SIMULATOR_CONTROL": crew.env["SIMULATOR_CONTROL"]}
    words = (
        "--bind",
        address.netloc,
        "--state",
        crew.state / "vendor.db",
        "--domain",
        crew.env["TENOVI_CLIENT_DOMAIN"],
    )
    crew.start_before("simulator", [PYTHON, "-m", "devices.simulator", *words, *flags], **given)
    crew.wait_until(lambda: accepts(address.hostname, address.port), what="The simulated vendor", seconds=READY_SECONDS)


def start_web(crew: Crew, plan: Plan) -> None:
    words = ("--config", ROOT / "config" / "gunicorn.py", "config.wsgi:application")
    crew.start("web", [PYTHON, "-m", "gunicorn", *words], BIND=f"{plan.host}:{plan.port}")
    crew.wait_until(lambda: healthy(plan, crew.env), what="The web server", seconds=READY_SECONDS)


def start_workers(crew: Crew) -> None:
    celery = [PYTHON, "-m", "celery", "-A", "config"]
    for queue, count in WORKERS.items():
        words = ("-Q", queue, "-c", str(count), "-n", f"{queue}@%h", "--loglevel", "INFO", *QUIET)
        crew.start(f"worker-{queue}", [*celery, "worker", *words])
    # Beat keeps no truth: what is due comes from rows, and its file may be lost.
    crew.start("beat", [*celery, "beat", "--schedule", crew.state / "beat-schedule", "--pidfile="])


class Servers:
    """Own servers for whatever the environment doesn't name."""

    def __init__(self, stack: ExitStack, plan: Plan, leash: Leash) -> None:
        self.postgres = self.valkey = None
        self.urls: dict[str, str] = {}
        if not named(plan.env, "DATABASE_URL"):
            self.postgres = stack.enter_context(postgres(plan.state, leash=leash))
            self.urls["DATABASE_URL"] = self.postgres.url
        if not named(plan.env, "CELERY_BROKER_URL"):
            self.valkey = stack.enter_context(valkey(plan.state, leash=leash))
            self.urls["CELERY_BROKER_URL"] = self.valkey.url

    def watched_by(self, crew: Crew) -> None:
        for server in (self.postgres, self.valkey):
            if server:
                crew.adopt(server.process)


def fixed(plan: Plan) -> dict[str, str]:
    return {
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "PYTHONUNBUFFERED": "1",
        "STATIC_ROOT": str(plan.state / "static"),
    }


def named(env: Mapping[str, str], name: str) -> bool:
    return bool(env.get(name) or env.get(f"{name}_FILE"))


def healthy(plan: Plan, env: Mapping[str, str]) -> bool:
    """Asked by the name that the site answers to, as a proxy would ask."""
    host = urlsplit(env.get("SITE_URL", "")).netloc or f"{plan.host}:{plan.port}"
    connection = http.client.HTTPConnection(loopback(plan.host), plan.port, timeout=5)
    with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
        connection.request("GET", "/healthz/", headers={"Host": host, "X-Forwarded-Proto": "https"})
        return connection.getresponse().status == http.HTTPStatus.OK
    return False


def loopback(host: str) -> str:
    return "127.0.0.1" if host == "0.0.0.0" else host  # noqa: S104  compared, not bound


def accepts(host: str | None, port: int | None) -> bool:
    try:
        socket.create_connection((host or "127.0.0.1", port or 0), timeout=1).close()
    except OSError:
        return False
    return True


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def refuse_taken(host: str, port: int, *, target: str) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError:
            raise Refused(f"Port {port} needs root: choose one above 1023, say PORT=8001 make {target}.") from None
        except OSError as error:
            taken = (
                f"Port {port} on {host} is taken ({error.strerror}): choose another, say PORT={port + 1} make {target}."
            )
            raise Refused(taken) from None
